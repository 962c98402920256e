/** From the address to pods: the Service, its port, its selector, its endpoints. */

import type { PlainObject } from '../render/canonical.ts';
import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { deploymentsOf } from './check-deployments.ts';
import { at, list, number, records, selects, texts } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import { keyOf, type ServiceName, type Subject, serviceOf } from './subject.ts';

/**
 * Looks at the Service of every address; of one that is used twice, once.
 * @param deployments what was found of the Deployments that are behind them
 */
export function checkServices(
  snapshot: Snapshot,
  subject: Subject,
  deployments: readonly Check[],
): Check[] {
  const named = subject.addresses.flatMap(({ url }) => serviceOf(url) ?? []);
  const unique = new Map(named.map((name) => [`${keyOf(name)}:${name.port}`, name]));
  const isAsleep = deployments.some(({ id, state }) => id === 'scaled-to-zero' && state === 'note');
  const outside = subject.addresses.length > 0 && named.length === 0;
  return [
    ...(outside
      ? [note('service', 'its address leads to no Service of this cluster: not followed further')]
      : []),
    ...[...unique.values()].flatMap((name) => checkService(name, snapshot, isAsleep)),
  ];
}

const causes = [
  'accepted',
  'references',
  'applied',
  'observed',
  'lease',
  'contested',
  'address',
] as const;

/** @param isAsleep KEDA has scaled it to zero, as it should be */
function checkService(name: ServiceName, snapshot: Snapshot, isAsleep: boolean): Check[] {
  const title = `Service ${keyOf(name)}`;
  const looked = snapshot.services.get(keyOf(name));
  if (looked === undefined || looked.kind === 'unseen') {
    return [unseen('service', title, looked?.reason ?? 'it was not asked for')];
  }
  if (looked.kind !== 'seen') {
    const todo = 'the controller makes it again: see its log, and the condition ResourcesApplied';
    return [fault('service', `there is no ${title}`, todo, { follows: causes })];
  }
  const service = looked.value;
  return [
    fine('service', `${title} is there`),
    ...checkPort(name, service, snapshot, title),
    ...checkSelector(service, snapshot, title),
    ...checkEndpoints(name, snapshot, title, isAsleep),
  ];
}

function checkPort(
  { port }: ServiceName,
  service: PlainObject,
  snapshot: Snapshot,
  title: string,
): Check[] {
  const ports = records(at(service, 'spec', 'ports'));
  const found = ports.find((entry) => entry['port'] === port);
  const headless = at(service, 'spec', 'clusterIP') === 'None';
  const shown = {
    evidence: [
      evidence(
        title,
        'spec.ports[].port',
        ports.map((entry) => entry['port']),
      ),
    ],
    follows: causes,
  };
  if (found === undefined) {
    // Without an address of its own it leads to the pods' ports, whichever they are.
    if (headless) return [];
    const told = `${title} has no port ${port}, which the address names`;
    const todo = 'correct the port of the Service, or let the controller write the address again';
    return [fault('service-port', told, todo, shown)];
  }
  return checkTarget(found, service, snapshot, title);
}

/** A port by name must be one of a container's; a number need not, though the adapter's is. */
function checkTarget(
  entry: PlainObject,
  service: PlainObject,
  snapshot: Snapshot,
  title: string,
): Check[] {
  const target = entry['targetPort'] ?? entry['port'];
  const shown = {
    evidence: [evidence(title, `spec.ports[${String(entry['port'])}].targetPort`, target)],
    follows: causes,
  };
  const declared = selectedPodSpecs(service, snapshot).flatMap((spec) =>
    records(at(spec, 'containers')).flatMap((container) => records(container['ports'])),
  );
  if (declared.length === 0) return [];
  const isThere = declared.some(
    (each) => each['name'] === target || each['containerPort'] === target,
  );
  const told = `${title} leads to port ${String(target)} of the pods`;
  if (isThere) return [fine('service-port', told, shown)];
  const todo = "correct targetPort, or the container's ports: the adapter listens on HTTP_PORT";
  const wrong = `${told}, which no container of theirs declares`;
  return [(typeof target === 'string' ? fault : warning)('service-port', wrong, todo, shown)];
}

/** Of Deployments, which are there even while no pod is. */
function selectedPodSpecs(service: PlainObject, snapshot: Snapshot): unknown[] {
  const selector = texts(at(service, 'spec', 'selector'));
  return deploymentsOf(snapshot)
    .map((deployment) => at(deployment, 'spec', 'template'))
    .filter((template) => selects(selector, texts(at(template, 'metadata', 'labels'))))
    .map((template) => at(template, 'spec'));
}

function checkSelector(service: PlainObject, snapshot: Snapshot, title: string): Check[] {
  const selector = texts(at(service, 'spec', 'selector'));
  if (Object.keys(selector).length === 0) {
    return [note('selector', `${title} has no selector: its endpoints are somebody else's`)];
  }
  const { deployments } = snapshot;
  if (deployments.kind !== 'seen' || deployments.value.length === 0) return [];
  const shown = { evidence: [evidence(title, 'spec.selector', selector)] };
  if (selectedPodSpecs(service, snapshot).length > 0) {
    return [fine('selector', `${title} selects the pods of its predictor`, shown)];
  }
  const told = `${title} selects the pods of none of the SeldonDeployment's Deployments`;
  const todo =
    'let the controller write the Service again (see its log); a label of the pods was changed, or the selector';
  return [fault('selector', told, todo, { ...shown, follows: causes })];
}

function checkEndpoints(
  name: ServiceName,
  snapshot: Snapshot,
  title: string,
  isAsleep: boolean,
): Check[] {
  const looked = snapshot.endpointSlices.get(keyOf(name));
  if (looked === undefined || looked.kind === 'unseen') {
    return [unseen('endpoints', `endpoints of ${title}`, looked?.reason ?? 'not asked for')];
  }
  const slices = looked.kind === 'seen' ? looked.value : [];
  const endpoints = slices.flatMap((slice) => records(slice['endpoints']));
  const isReady = (endpoint: PlainObject): boolean =>
    at(endpoint, 'conditions', 'ready') !== false && list(endpoint['addresses']).length > 0;
  const ready = endpoints.filter(isReady).length;
  const numbers = slices.flatMap((slice) =>
    records(slice['ports']).flatMap((port) => number(port['port']) ?? []),
  );
  const shown = {
    evidence: [
      evidence(
        `EndpointSlices of ${title}`,
        'endpoints[].conditions.ready',
        `${ready} of ${endpoints.length} ready; ports ${[...new Set(numbers)].join(', ') || 'none'}`,
      ),
    ],
  };
  if (ready > 0) return [fine('endpoints', `${ready} pods are ready behind ${title}`, shown)];
  if (isAsleep) return [note('endpoints', `no pod is behind ${title} meanwhile`, shown)];
  const told = `no pod is ready behind ${title}: nobody answers at the address`;
  const todo = 'see why its pods are not ready: kubectl describe pods';
  return [
    fault('endpoints', told, todo, {
      ...shown,
      follows: [
        ...causes,
        'service',
        'selector',
        'deployments',
        'scaled-to-zero',
        'pods',
        'predictor',
      ],
    }),
  ];
}
