/** From a SeldonDeployment to all that is to be there for it. Pure: the same input, the same bytes. */

import { Buffer } from 'node:buffer';
import { adapterEnv } from './adapter-env.ts';
import { predictionPath, protocolOf } from './call-style.ts';
import { canonical } from './canonical.ts';
import { checkComponents } from './check-components.ts';
import { checkGraph } from './check-graph.ts';
import { checkSpec } from './check-spec.ts';
import { createDeployment, createHpa, scalerOf } from './deployment.ts';
import { drainSeconds } from './drain.ts';
import type { Finding } from './finding.ts';
import { checkKafka } from './kafka-check.ts';
import { kafkaSecretReferences, withKafkaDefaults } from './kafka-defaults.ts';
import { renderScaling } from './keda-scaling.ts';
import type { Manifest } from './manifest.ts';
import { type PlannedPredictor, planPredictor } from './plan.ts';
import { imagesOf } from './pod.ts';
import { referencesOf } from './references.ts';
import type { Address, Reference, Rendered, RenderSettings } from './rendered.ts';
import type { EnvVar, PodSpec, SeldonDeployment } from './seldon-deployment.ts';
import { audienceOf, certificateReferences, certificateSecret, servesTls } from './server-tls.ts';
import { createServices, servicePorts } from './services.ts';
import { warningsOf } from './warnings.ts';

/**
 * Renders a SeldonDeployment that parse.ts has parsed. It never throws.
 *
 * Where there is any problem nothing is made, so that a wrong change leaves what runs as it is.
 */
export function render(written: SeldonDeployment, settings: RenderSettings): Rendered {
  const sdep = withKafkaDefaults(written, settings.kafkaDefaults);
  const plans = sdep.spec.predictors.map((predictor) => planPredictor(sdep, predictor, settings));
  const kafka = checkKafka(sdep);
  const faults = [...checkAll(sdep, plans, settings), ...kafka.problems];
  if (faults.length > 0) return refused(faults);
  const made = plans.map(renderPredictor);
  const objects = made.flatMap((predictor) => predictor.objects);
  const later = [...made.flatMap(({ problems }) => problems), ...checkObjects(objects)];
  if (later.length > 0) return refused(later);
  const certified = made.flatMap(({ address, certificate }) =>
    certificate === undefined ? [] : [[address.name, certificate] as const],
  );
  return {
    problems: [],
    warnings: [
      ...warningsOf(sdep, plans),
      ...kafka.warnings,
      ...made.flatMap(({ warnings }) => warnings),
    ],
    objects,
    addresses: shadowsLast(made).map(({ address }) => address),
    ...(certified.length > 0 && { certificates: Object.fromEntries(certified) }),
    references: unique([
      ...referencesOf(sdep),
      ...kafka.references,
      ...certificateReferences(sdep),
      ...kafkaSecretReferences(sdep, settings.kafkaDefaults),
    ]),
    scaledByOthers: plans.flatMap(({ components }) =>
      components
        .filter((component) => scalerOf(component) !== undefined)
        .map(({ deployment }) => deployment),
    ),
  };
}

const refused = (problems: readonly Finding[]): Rendered => ({
  problems,
  warnings: [],
  objects: [],
  addresses: [],
  references: [],
  scaledByOthers: [],
});

const checkAll = (
  sdep: SeldonDeployment,
  plans: readonly PlannedPredictor[],
  { servers }: RenderSettings,
): Finding[] => [
  ...checkSpec(sdep),
  ...plans.flatMap((plan, i) => {
    const field = `spec.predictors[${i}]`;
    return [
      ...checkGraph(plan.predictor, field, protocolOf(sdep), plan.transport, servers),
      ...checkComponents(plan, field),
    ];
  }),
];

interface RenderedPredictor {
  readonly address: Address;
  /** The Secret of its certificate. */
  readonly certificate: string | undefined;
  readonly isShadow: boolean;
  readonly objects: readonly Manifest[];
  readonly warnings: readonly Finding[];
  readonly problems: readonly Finding[];
}

/** Services first, so that names resolve when pods start; what scales a Deployment after it. */
function renderPredictor(plan: PlannedPredictor): RenderedPredictor {
  const { sdep, predictor, components } = plan;
  const images = imagesOf(plan);
  const env = adapterEnv(plan, images);
  const drain = drainSeconds(env);
  const made = components.map((component) => {
    const deployment = canonical(createDeployment(plan, component, images, drain));
    const scaling = renderScaling(sdep, predictor, component.index, deployment);
    return { ...scaling, objects: [deployment, ...createHpa(plan, component), ...scaling.objects] };
  });
  return {
    address: addressOf(plan, env),
    certificate: servesTls(env) ? certificateOf(plan, made, env) : undefined,
    isShadow: predictor.shadow === true,
    objects: canonical([...createServices(plan, env), ...made.flatMap(({ objects }) => objects)]),
    warnings: made.flatMap(({ warnings }) => warnings),
    problems: [...made.flatMap(({ problems }) => problems), ...checkEnv(predictor.name, env)],
  };
}

function certificateOf(
  { components }: PlannedPredictor,
  made: readonly { readonly objects: readonly Manifest[] }[],
  env: readonly EnvVar[],
): string | undefined {
  const deployment = made[components.findIndex(({ hasAdapter }) => hasAdapter)]?.objects[0];
  const spec = deployment?.['spec'] as
    | { readonly template: { readonly spec: PodSpec } }
    | undefined;
  return spec && certificateSecret(spec.template.spec, env);
}

/** Linux starts no program with a longer variable (MAX_ARG_STRLEN), its name and an end included. */
const maxVariableBytes = 128 * 1024;

function checkEnv(predictor: string, env: readonly EnvVar[]): Finding[] {
  const isTooLong = ({ name, value = '' }: EnvVar) =>
    Buffer.byteLength(`${name}=${value}`) >= maxVariableBytes;
  return env.filter(isTooLong).map(({ name }) => ({
    reason: 'VariableTooLong',
    message: `spec.predictors: ${name} of predictor "${predictor}" would be over 128 KiB, with which no container starts; make its graph or its annotations smaller`,
  }));
}

/** Names that are shortened, or given by hand, may meet. */
function checkObjects(objects: readonly Manifest[]): Finding[] {
  const seen = new Set<string>();
  return objects.flatMap(({ kind, metadata: { name } }) => {
    const key = `${kind} "${name}"`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const message = `spec.predictors: two of them come to the same ${key}; rename a predictor, a graph node, or a Service by the annotation seldon.io/svc-name`;
    return [{ reason: 'NameTaken', message }];
  });
}

function addressOf(plan: PlannedPredictor, env: readonly EnvVar[]): Address {
  const { sdep, predictor, settings, service } = plan;
  const host = `${service}.${sdep.metadata.namespace}.svc.${settings.clusterDomain}`;
  const { ports } = servicePorts(plan, env);
  const path = predictionPath(plan.protocol, predictor.graph.name);
  const scheme = servesTls(env) ? 'https' : 'http';
  const audience = audienceOf(sdep, env);
  return {
    name: predictor.name,
    url: `${scheme}://${host}:${ports.http}${path}`,
    ...(audience !== undefined && { audience }),
  };
}

/** The first is the SeldonDeployment's own, and so never a shadow's. */
const shadowsLast = (made: readonly RenderedPredictor[]): RenderedPredictor[] => [
  ...made.filter(({ isShadow }) => !isShadow),
  ...made.filter(({ isShadow }) => isShadow),
];

function unique(references: readonly Reference[]): Reference[] {
  const byText = new Map(references.map((reference) => [JSON.stringify(reference), reference]));
  return [...byText.values()];
}
