/** Labels and annotations, by Seldon's names. */

import type { Finding } from './finding.ts';
import { nodesOf, typeOf } from './graph-nodes.ts';
import { deploymentId, nodeService } from './names.ts';
import type { PlannedComponent, PlannedPredictor } from './plan.ts';
import type { ComponentSpec, Predictor, SeldonDeployment } from './seldon-deployment.ts';

export type TextMap = Readonly<Record<string, string>>;

/** Where Seldon's model wrappers, and the adapter beside them, show their metrics. */
export const metricsPath = '/prometheus';

const typeLabels: Readonly<Record<string, string>> = {
  ROUTER: 'seldon.io/router',
  COMBINER: 'seldon.io/combiner',
  MODEL: 'seldon.io/model',
  TRANSFORMER: 'seldon.io/transformer',
  OUTPUT_TRANSFORMER: 'seldon.io/output-transformer',
};

/** On everything that is made. */
export const ownLabels = (sdep: SeldonDeployment): TextMap => ({
  'app.kubernetes.io/managed-by': 'seldon-eventing',
  'seldon-deployment-id': deploymentId(sdep),
});

/** A predictor's labels; its `version` is its name unless it has one. */
export const labelsOf = ({ name, labels }: Predictor): TextMap => ({ version: name, ...labels });

/** A label for each kind of node among these. */
export function typeLabelsOf(predictor: Predictor, nodes: readonly string[]): TextMap {
  const types = nodesOf(predictor.graph)
    .filter(({ node }) => nodes.includes(node.name))
    .map(({ node }) => typeLabels[typeOf(node) ?? '']);
  const shadow = predictor.shadow === true ? ['seldon.io/shadow'] : [];
  return Object.fromEntries(
    [...types, ...shadow].filter((label) => label !== undefined).map((label) => [label, 'true']),
  );
}

/** Which pods are a Deployment's; never to change, since Kubernetes takes no other afterwards. */
export const podSelector = (sdep: SeldonDeployment, deployment: string): TextMap => ({
  app: deployment,
  'seldon-deployment-id': deploymentId(sdep),
});

/** The labels that selectors go by: a user's of the same name give way to them. */
function selectedLabels(plan: PlannedPredictor, component: PlannedComponent): TextMap {
  const { sdep, predictor } = plan;
  const [first] = component.containers.filter(({ node }) => node !== undefined);
  return {
    ...ownLabels(sdep),
    ...podSelector(sdep, component.deployment),
    ...(first && { 'seldon-app-svc': nodeService(sdep, predictor, first.container.name) }),
    ...(component.hasAdapter && { 'seldon-app': plan.service }),
  };
}

const givenLabels = (predictor: Predictor, { metadata }: ComponentSpec): TextMap => ({
  ...labelsOf(predictor),
  ...metadata?.labels,
});

/** The labels of a component's pods. */
export const podLabels = (plan: PlannedPredictor, component: PlannedComponent): TextMap => ({
  fluentd: 'true',
  ...typeLabelsOf(
    plan.predictor,
    component.containers.map(({ container }) => container.name),
  ),
  ...givenLabels(plan.predictor, component.component),
  ...selectedLabels(plan, component),
});

/** Labels of a user that give way, each at the field that has it. */
export function labelWarnings(plan: PlannedPredictor, field: string): Finding[] {
  const { predictor, components } = plan;
  const given = components.flatMap((component) => [
    { component, at: `${field}.labels`, labels: predictor.labels },
    {
      component,
      at: `${field}.componentSpecs[${component.index}].metadata.labels`,
      labels: component.component.metadata?.labels,
    },
  ]);
  const reserved = given.flatMap(({ component, at, labels = {} }) => {
    const selected = selectedLabels(plan, component);
    return Object.keys(labels)
      .filter((name) => Object.hasOwn(selected, name) && selected[name] !== labels[name])
      .map((name) => `${at}["${name}"]`);
  });
  return [...new Set(reserved)].map((at) => ({
    reason: 'LabelReserved',
    message: `${at}: is not taken over, since Services and Deployments find their pods by it; use another name`,
  }));
}

/** The annotations of a component's Deployment. */
export const deploymentAnnotations = (
  { spec }: SeldonDeployment,
  predictor: Predictor,
  { metadata }: ComponentSpec,
): TextMap => ({ ...spec.annotations, ...predictor.annotations, ...metadata?.annotations });

/** Those of its pods: Prometheus finds the metrics of the models and of the adapter by them. */
export const podAnnotations = (given: TextMap): TextMap => ({
  'prometheus.io/path': metricsPath,
  'prometheus.io/scrape': 'true',
  ...given,
});
