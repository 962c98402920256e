/** HPAs: those that KEDA makes of ScaledObjects, and those of hpaSpec. */

import type { PlainObject } from '../render/canonical.ts';
import {
  absent,
  type Check,
  type CheckId,
  evidence,
  fault,
  fine,
  note,
  unseen,
  warning,
} from './check.ts';
import { deploymentsOf } from './check-deployments.ts';
import { scaledObjectsOf } from './check-scaling.ts';
import { at, conditionOf, inWords, nameOf, number, text } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

const causes: readonly CheckId[] = [
  ...(['accepted', 'references', 'applied', 'observed', 'lease', 'deployments'] as const),
  ...(['keda', 'scaled-object', 'trigger-authentication', 'scale-trigger'] as const),
];

export function checkHpas(snapshot: Snapshot, subject: Subject): Check[] {
  const { hpas } = snapshot;
  const wanted = wantedNames(snapshot, subject);
  if (hpas.kind === 'unseen')
    return wanted.length === 0 ? [] : [unseen('hpa', 'HPAs', hpas.reason)];
  const deployments = deploymentsOf(snapshot).map(nameOf);
  const found = (hpas.kind === 'seen' ? hpas.value : []).filter(
    (hpa) =>
      wanted.includes(nameOf(hpa)) ||
      deployments.includes(text(at(hpa, 'spec', 'scaleTargetRef', 'name')) ?? ''),
  );
  const missing = wanted.filter((name) => !found.some((hpa) => nameOf(hpa) === name));
  const todo = 'its maker makes it again: see the log of keda-operator, or of the controller';
  return [
    ...absent('hpa', 'HorizontalPodAutoscaler', missing, todo, causes),
    ...found.map((hpa) => checkHpa(hpa, subject)),
  ];
}

/** KEDA says which it made; none before the ScaledObject is Ready, of which there is another check. */
const wantedNames = (snapshot: Snapshot, subject: Subject): string[] => [
  ...scaledObjectsOf(snapshot, subject).flatMap(
    (object) => text(at(object, 'status', 'hpaName')) ?? [],
  ),
  ...subject.objects
    .filter(({ kind }) => kind === 'HorizontalPodAutoscaler' && subject.mode !== 'attached')
    .map(({ metadata }) => metadata.name),
];

function checkHpa(hpa: PlainObject, { namespace }: Subject): Check {
  const title = `HorizontalPodAutoscaler ${namespace}/${nameOf(hpa)}`;
  const [able, active, limited] = ['AbleToScale', 'ScalingActive', 'ScalingLimited'].map((type) =>
    conditionOf(hpa, type),
  );
  const shown = {
    evidence: [able, active, limited].flatMap((condition) =>
      condition === undefined
        ? []
        : [evidence(title, `status.conditions[${condition.type}]`, inWords(condition))],
    ),
    follows: causes,
  };
  if (able?.status === 'False') {
    return fault(
      'hpa',
      `${title} cannot scale: ${inWords(able)}`,
      'do what the message says',
      shown,
    );
  }
  // With no replicas an HPA rests: KEDA itself starts the first.
  if (active?.status === 'False' && active.reason !== 'ScalingDisabled') {
    const told = `${title} gets no metrics: ${inWords(active)}`;
    const todo =
      'see kubectl get apiservices v1beta1.external.metrics.k8s.io v1beta1.metrics.k8s.io, and the logs of what serves them';
    return fault('hpa', told, todo, shown);
  }
  const current = number(at(hpa, 'status', 'currentReplicas'));
  const max = number(at(hpa, 'spec', 'maxReplicas'));
  if (limited?.status === 'True' && limited.reason === 'TooManyReplicas') {
    const told = `${title} is at its maximum of ${max ?? '?'} replicas, and would have more`;
    const todo = 'where lag grows: raise maxReplicaCount, up to the partitions of the input topic';
    return warning('hpa', told, todo, shown);
  }
  const told = `${title}: ${current ?? 0} replicas of at most ${max ?? '?'}`;
  return (active === undefined ? note : fine)('hpa', told, shown);
}
