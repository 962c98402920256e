/** From an object of the cluster (or a file) to what it comes to. */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import { deploymentKind, serviceKind } from './kinds.ts';
import { recordOf } from './live-object.ts';
import type { Manifest } from './render/manifest.ts';
import { parseSeldonDeployment } from './render/parse.ts';
import { render } from './render/render.ts';
import type { Rendered, RenderSettings } from './render/rendered.ts';

/** What does not parse comes to its problems and nothing else. It never throws. */
export function renderObject(object: KubeObject, settings: RenderSettings): Rendered {
  const parsed = parseSeldonDeployment(object);
  if (parsed.ok) return render(parsed.sdep, settings);
  return {
    problems: parsed.problems,
    warnings: [],
    objects: [],
    addresses: [],
    references: [],
    scaledByOthers: [],
  };
}

/** Names of the Deployments that there are to be, in order. */
export const deploymentNames = ({ objects }: Rendered): string[] =>
  objects.filter(isDeployment).map(({ metadata }) => metadata.name);

/** Names of those whose pods stand behind the first address. */
export function addressedDeployments({ objects, addresses }: Rendered): string[] {
  const [service] = new URL(addresses[0]?.url ?? 'http://-').hostname.split('.');
  const addressed = objects.find(
    ({ kind, metadata }) => kind === serviceKind.kind && metadata.name === service,
  );
  if (addressed === undefined) return [];
  const selector = Object.entries(recordOf(recordOf(addressed['spec'])['selector']));
  const selected = objects.filter(isDeployment).filter((deployment) => {
    const labels = podLabels(deployment);
    return selector.every(([name, value]) => labels[name] === value);
  });
  return selected.map(({ metadata }) => metadata.name);
}

/** Selects the pods of all predictors; undefined where there are none to be. */
export function podSelector({ objects }: Rendered): string | undefined {
  const [deployment] = objects.filter(isDeployment);
  const id = deployment && podLabels(deployment)['seldon-deployment-id'];
  return typeof id === 'string' ? `seldon-deployment-id=${id}` : undefined;
}

const isDeployment = ({ kind }: Manifest): boolean => kind === deploymentKind.kind;

const podLabels = (deployment: Manifest): Readonly<Record<string, unknown>> => {
  const template = recordOf(recordOf(deployment['spec'])['template']);
  return recordOf(recordOf(template['metadata'])['labels']);
};
