/** From what the API server, or a file, has to a SeldonDeployment that can be rendered. */

import { canonical, isDeeperThan } from './canonical.ts';
import type { Finding } from './finding.ts';
import { seldonDeploymentShape } from './sdep-shape.ts';
import type { ComponentSpec, Predictor, SeldonDeployment } from './seldon-deployment.ts';

export type ParsedSeldonDeployment =
  | { readonly ok: true; readonly sdep: SeldonDeployment }
  | { readonly ok: false; readonly problems: readonly Finding[] };

/** Far more than a graph needs, and far less than a stack of calls takes. */
const maxLevels = 100;

/**
 * Parses a SeldonDeployment. It never throws, and tells every field of a wrong type at once.
 *
 * The result has its keys in one order, no nulls, a namespace (`default` where none is given), an
 * empty `uid` where it has none yet, and a list of containers in every component.
 */
export function parseSeldonDeployment(value: unknown): ParsedSeldonDeployment {
  if (isDeeperThan(value, maxLevels)) {
    const message = `the resource is nested more than ${maxLevels} levels deep; flatten its graph`;
    return { ok: false, problems: [{ reason: 'NestedTooDeep', message }] };
  }
  const plain = canonical(value);
  const problems: Finding[] = [];
  seldonDeploymentShape(plain, '', problems);
  if (problems.length > 0) return { ok: false, problems };
  // The shape has been checked field by field.
  const sdep = plain as SeldonDeployment;
  const wrongKind = kindProblem(sdep);
  return wrongKind === undefined
    ? { ok: true, sdep: withDefaults(sdep) }
    : { ok: false, problems: [wrongKind] };
}

function kindProblem({ apiVersion, kind }: SeldonDeployment): Finding | undefined {
  const isOurs = apiVersion.startsWith('machinelearning.seldon.io/') && kind === 'SeldonDeployment';
  if (isOurs) return undefined;
  const message = `kind: expected a SeldonDeployment of machinelearning.seldon.io, found ${kind} of ${apiVersion}`;
  return { reason: 'KindUnknown', message };
}

/** What the shape leaves open, though the types do not. */
type Unfilled<T, Field extends keyof T> = Omit<T, Field> & Partial<Pick<T, Field>>;

function withDefaults(sdep: SeldonDeployment): SeldonDeployment {
  const metadata: Unfilled<
    SeldonDeployment['metadata'],
    'namespace' | 'uid' | 'generation' | 'resourceVersion'
  > = sdep.metadata;
  const { predictors }: Unfilled<SeldonDeployment['spec'], 'predictors'> = sdep.spec;
  return {
    ...sdep,
    metadata: { namespace: 'default', uid: '', generation: 0, resourceVersion: '', ...metadata },
    spec: { ...sdep.spec, predictors: (predictors ?? []).map(withComponents) },
  };
}

function withComponents(predictor: Predictor): Predictor {
  const { componentSpecs } = predictor;
  if (componentSpecs === undefined) return predictor;
  return { ...predictor, componentSpecs: componentSpecs.map(withContainers) };
}

const withContainers = (component: ComponentSpec): ComponentSpec => ({
  ...component,
  spec: { ...component.spec, containers: component.spec?.containers ?? [] },
});
