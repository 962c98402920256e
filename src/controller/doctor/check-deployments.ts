/** Deployments: there, and with replicas; and whether nothing stands behind the address by intent. */

import type { PlainObject } from '../render/canonical.ts';
import {
  type Check,
  type CheckId,
  type Evidence,
  evidence,
  fault,
  fine,
  note,
  unseen,
} from './check.ts';
import {
  at,
  conditionOf,
  inWords,
  nameOf,
  number,
  type ReadCondition,
  record,
  selects,
  some,
  texts,
  titleOf,
} from './reading.ts';
import type { Objects, Snapshot } from './snapshot.ts';
import { keyOf, type Subject, serviceOf } from './subject.ts';
import { triggersOf } from './trigger.ts';

export const deploymentsOf = ({ deployments }: Snapshot): Objects =>
  deployments.kind === 'seen' ? deployments.value : [];

export function checkDeployments(snapshot: Snapshot, subject: Subject): Check[] {
  if (snapshot.deployments.kind === 'unseen') {
    return [
      unseen('deployments', 'Deployments', snapshot.deployments.reason),
      ...byConditions(snapshot, subject),
    ];
  }
  const found = deploymentsOf(snapshot);
  return [...checkMade(found, subject), ...checkZero(found, snapshot, subject)];
}

/** What the controller says of Deployments that we may not look at. */
function byConditions(snapshot: Snapshot, subject: Subject): Check[] {
  const { resource, namespace, name } = subject;
  const [ready, reachable] = ['DeploymentsReady', 'HttpReachable'].map((type) =>
    conditionOf(resource, type),
  );
  const shown = (condition: ReadCondition) => ({
    evidence: [
      evidence(
        `SeldonDeployment ${namespace}/${name}`,
        `status.conditions[${condition.type}]`,
        inWords(condition),
      ),
    ],
    follows: ['accepted', 'applied', 'references', 'observed', 'lease'] as const,
  });
  if (reachable?.status === 'False' && reachable.reason === 'ScaledToZero') {
    return [asleep(reachable.message, shown(reachable), snapshot, subject)];
  }
  if (ready?.status !== 'False') return [];
  const told = `its Deployments are not ready: ${ready.message || ready.reason}`;
  return [fault('deployments', told, `see kubectl -n ${namespace} get pods`, shown(ready))];
}

function checkMade(found: Objects, subject: Subject): Check[] {
  const names = found.map(nameOf);
  const follows = ['accepted', 'applied', 'references', 'observed', 'lease', 'contested'] as const;
  const wanted =
    subject.mode === 'attached'
      ? []
      : subject.objects
          .filter(({ kind }) => kind === 'Deployment')
          .map(({ metadata }) => metadata.name);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0 || found.length === 0) {
    const told =
      missing.length > 0 ? `there is no Deployment ${some(missing)}` : 'it has no Deployments';
    const todo = 'the controller makes it again: see its log, and the condition ResourcesApplied';
    return [fault('deployments', told, todo, { follows })];
  }
  // Pods that cannot even be made: a quota, an admission webhook.
  const failing = found.flatMap((deployment) => {
    const condition = conditionOf(deployment, 'ReplicaFailure');
    return condition?.status === 'True' ? [{ deployment, condition }] : [];
  });
  if (failing.length > 0) {
    const told = `pods are refused: ${some(failing.map(({ condition }) => condition.message || condition.reason))}`;
    const todo = 'raise the quota, or change what the message names';
    const shown = {
      evidence: failing
        .slice(0, 3)
        .map(({ deployment, condition }) =>
          evidence(
            titleOf('Deployment', deployment),
            'status.conditions[ReplicaFailure]',
            inWords(condition),
          ),
        ),
    };
    return [fault('deployments', told, todo, shown)];
  }
  const shown = {
    evidence: found
      .slice(0, 3)
      .map((deployment) =>
        evidence(titleOf('Deployment', deployment), 'spec.replicas', replicasOf(deployment)),
      ),
  };
  return [fine('deployments', `Deployments: ${some(names)}`, shown)];
}

const replicasOf = (deployment: PlainObject): number =>
  number(at(deployment, 'spec', 'replicas')) ?? 1;

/** KEDA takes the last pod where nothing waits in the topic: HTTP, and so a Broker, reaches nobody. */
function checkZero(found: Objects, snapshot: Snapshot, subject: Subject): Check[] {
  const resting = addressed(found, snapshot, subject).filter(
    (deployment) => replicasOf(deployment) === 0,
  );
  if (resting.length === 0) return [];
  const names = some(resting.map(nameOf));
  const shown = {
    evidence: resting
      .slice(0, 3)
      .map((deployment) => evidence(titleOf('Deployment', deployment), 'spec.replicas', 0)),
  };
  if (!isScaled(resting, snapshot)) {
    const told = `${names} has no replicas, and nothing scales it`;
    return [fault('scaled-to-zero', told, 'set replicas to 1 or more', shown)];
  }
  return [asleep(`${names} is scaled to zero`, shown, snapshot, subject)];
}

/** By KEDA: as it should be, unless a Trigger needs somebody to be there. */
function asleep(
  told: string,
  shown: { readonly evidence: readonly Evidence[]; readonly follows?: readonly CheckId[] },
  snapshot: Snapshot,
  subject: Subject,
): Check {
  if (triggersOf(snapshot, subject).length === 0) {
    return note('scaled-to-zero', `${told} until records arrive; HTTP reaches nobody`, shown);
  }
  const todo =
    'set minReplicaCount to 1 or more in kedaSpec, or send the events to the input topic by a KafkaSink';
  const lost = `${told}, and a Trigger sends to it by HTTP: its events reach nobody and start nothing`;
  return fault('scaled-to-zero', lost, todo, shown);
}

/** Those whose pods stand behind the first address; all, where its Service is not known. */
function addressed(found: Objects, { services }: Snapshot, { addresses }: Subject): Objects {
  const name = serviceOf(addresses[0]?.url ?? '');
  const service = name && services.get(keyOf(name));
  const selector = service?.kind === 'seen' ? texts(at(service.value, 'spec', 'selector')) : {};
  if (Object.keys(selector).length === 0) return found;
  return found.filter((deployment) =>
    selects(selector, texts(at(deployment, 'spec', 'template', 'metadata', 'labels'))),
  );
}

/** By KEDA; where that could not be looked at it is given the benefit of the doubt. */
function isScaled(deployments: Objects, { scaledObjects }: Snapshot): boolean {
  if (scaledObjects.kind === 'unseen') return true;
  if (scaledObjects.kind !== 'seen') return false;
  const targets = scaledObjects.value.map(
    (object) => record(at(object, 'spec', 'scaleTargetRef'))['name'],
  );
  return deployments.some((deployment) => targets.includes(nameOf(deployment)));
}
