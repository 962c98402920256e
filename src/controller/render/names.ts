/**
 * Names of what is made, as Seldon's operator gives them, so that dashboards, Triggers and
 * `kubectl` habits keep working.
 */

import { createHash } from 'node:crypto';
import type { ComponentSpec, Predictor, SeldonDeployment } from './seldon-deployment.ts';

/** What Kubernetes takes for a label's value, and for most names. */
export const maxNameLength = 63;

export const adapterContainer = 'seldon-container-engine';
/** The TensorFlow Serving behind Seldon's proxy for it. */
export const servingContainer = 'tfserving';

/** MD5 only shortens: it is what the operator's names have. */
const shortened = (name: string): string =>
  name.length > maxNameLength ? `seldon-${createHash('md5').update(name).digest('hex')}` : name;

/** The value of the label `seldon-deployment-id`. */
export const deploymentId = (sdep: SeldonDeployment): string => shortened(sdep.metadata.name);

/** The Service of a predictor: `<sdep>-<predictor>`, unless it names another. */
export const predictorService = (sdep: SeldonDeployment, predictor: Predictor): string =>
  predictor.annotations?.['seldon.io/svc-name'] ??
  shortened(`${sdep.metadata.name}-${predictor.name}`);

/** The Service of a graph node in a pod of its own. */
export const nodeService = (sdep: SeldonDeployment, predictor: Predictor, node: string): string =>
  shortened(`${sdep.metadata.name}-${predictor.name}-${node}`);

/** @param containers names of the component's containers, in order */
export function componentDeployment(
  sdep: SeldonDeployment,
  predictor: Predictor,
  index: number,
  component: ComponentSpec,
  containers: readonly string[],
): string {
  // An empty name is none.
  const suffix = component.metadata?.name || containers.join('-');
  return shortened(`${sdep.metadata.name}-${predictor.name}-${index}-${suffix}`);
}

/** The Deployment of an adapter that stands alone. */
export const adapterDeployment = (sdep: SeldonDeployment, predictor: Predictor): string =>
  shortened(`${sdep.metadata.name}-${predictor.name}-svc-orch`);

/** Names that stand before a fixed suffix are cut rather than hashed, as Seldon does. */
export const withSuffix = (name: string, suffix: string): string =>
  `${name}-${suffix}`.slice(0, maxNameLength).replace(/-$/, '');

/** RFC 1123, as containers are named. */
export const isDnsLabel = (name: string): boolean =>
  /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name);

/** RFC 1035, as Services are named: it starts with a letter. */
export const isServiceName = (name: string): boolean => isDnsLabel(name) && /^[a-z]/.test(name);
