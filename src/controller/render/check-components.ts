/** Whether the containers of a predictor can stand in their pods. */

import type { Finding } from './finding.ts';
import { nodesOf, serverOf } from './graph-nodes.ts';
import { adapterContainer, servingContainer } from './names.ts';
import type { PlannedComponent, PlannedPredictor } from './plan.ts';

const problem = (reason: string, message: string): Finding => ({ reason, message });

/** @param field the predictor's own, as a path */
export function checkComponents(plan: PlannedPredictor, field: string): Finding[] {
  const given = plan.predictor.componentSpecs?.length ?? 0;
  return [
    ...checkUnique(plan, field),
    ...plan.components.flatMap((component) => {
      const place = `${field}.componentSpecs[${component.index}]`;
      return [
        ...(component.index < given ? checkContent(component, place) : []),
        ...checkHpa(component, place),
        ...checkImages(component, place),
        ...(component.hasAdapter ? checkPorts(plan, component, place) : []),
        ...checkTogether(plan, component, field),
      ];
    }),
  ];
}

/** A pod has each container once, and a graph node has one container. */
function checkUnique({ predictor }: PlannedPredictor, field: string): Finding[] {
  const nodes = new Set(nodesOf(predictor.graph).map(({ node }) => node.name));
  const places = new Map<string, string>();
  const found: Finding[] = [];
  predictor.componentSpecs?.forEach(({ spec }, i) => {
    const here = new Set<string>();
    spec.containers.forEach(({ name }, k) => {
      const place = `${field}.componentSpecs[${i}].spec.containers[${k}]`;
      const before = places.get(name);
      if (before !== undefined && (here.has(name) || nodes.has(name))) {
        const message = `${place}.name: "${name}" is the name of ${before} too; rename one`;
        found.push(problem('ContainerNameDuplicate', message));
      }
      here.add(name);
      if (before === undefined) places.set(name, place);
    });
  });
  return found;
}

function checkContent({ containers }: PlannedComponent, place: string): Finding[] {
  if (containers.length > 0) return [];
  const message = `${place}.spec.containers: there are none; add those of graph nodes, or take the component out`;
  return [problem('ComponentEmpty', message)];
}

function checkHpa({ component: { hpaSpec } }: PlannedComponent, place: string): Finding[] {
  if (hpaSpec === undefined) return [];
  const { minReplicas = 1, maxReplicas } = hpaSpec;
  if (maxReplicas !== undefined && maxReplicas >= minReplicas) return [];
  const found = maxReplicas === undefined ? 'is missing' : `is below minReplicas, ${minReplicas}`;
  return [problem('HpaInvalid', `${place}.hpaSpec.maxReplicas: ${found}; set it`)];
}

function checkImages({ containers }: PlannedComponent, place: string): Finding[] {
  return containers.flatMap(({ container: { name, image = '' }, node }, k) => {
    const isServer = node !== undefined && serverOf(node.node) !== undefined;
    const hasOurs = isServer || name === adapterContainer || name === servingContainer;
    if (image !== '' || hasOurs) return [];
    const message = `${place}.spec.containers[${k}].image: "${name}" has none; set it`;
    return [problem('ImageMissing', message)];
  });
}

/** All containers of a pod share its ports. */
function checkPorts(
  { settings: { httpPort, grpcPort } }: PlannedPredictor,
  { containers }: PlannedComponent,
  place: string,
): Finding[] {
  return containers.flatMap(({ container: { name, ports = [] } }, k) => {
    if (name === adapterContainer) return [];
    return ports.flatMap(({ containerPort }, m) => {
      if (containerPort !== httpPort && containerPort !== grpcPort) return [];
      const field = `${place}.spec.containers[${k}].ports[${m}].containerPort`;
      const message = `${field}: ${containerPort} is the adapter's in this pod; use another`;
      return [problem('PortTaken', message)];
    });
  });
}

/** What a pod can have only once. */
function checkTogether(
  { protocol }: PlannedPredictor,
  { containers }: PlannedComponent,
  field: string,
): Finding[] {
  const servers = containers
    .flatMap(({ node }) => node?.node ?? [])
    .filter((node) => serverOf(node) !== undefined);
  const accounts = new Set(
    servers.map(({ serviceAccountName }) => serviceAccountName || undefined).filter(Boolean),
  );
  const proxied = servers.filter((node) => serverOf(node) === 'TENSORFLOW_SERVER');
  const found: Finding[] = [];
  if (accounts.size > 1) {
    const message = `${field}.graph: servers of one pod name the service accounts ${[...accounts].join(', ')}; name one, or put them into componentSpecs of their own`;
    found.push(problem('ServiceAccountConflict', message));
  }
  if (protocol === 'seldon' && proxied.length > 1) {
    const message = `${field}.graph: ${proxied.map(({ name }) => name).join(', ')} would share the one TensorFlow Serving of their pod; put them into componentSpecs of their own`;
    found.push(problem('ServerConflict', message));
  }
  return found;
}
