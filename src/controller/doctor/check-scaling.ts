/** KEDA: the ScaledObject, what it watches, how it authenticates, and the HPA that it makes. */

import type { PlainObject } from '../render/canonical.ts';
import { absent, type Check, evidence, fault, fine, unseen, warning } from './check.ts';
import { checkAuthentication } from './check-authentication.ts';
import { predictorOf } from './check-kafka-settings.ts';
import { objectCauses as causes, checkScaleTriggers } from './check-scale-trigger.ts';
import { at, conditionOf, inWords, nameOf, number, text } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

/** The ScaledObjects that are to be, or scale one of the Deployments. */
export function scaledObjectsOf(
  { scaledObjects, deployments }: Snapshot,
  subject: Subject,
): PlainObject[] {
  if (scaledObjects.kind !== 'seen') return [];
  const targets = new Set([
    ...wantedNames(subject),
    ...(deployments.kind === 'seen' ? deployments.value.map(nameOf) : []),
  ]);
  return scaledObjects.value.filter((object) =>
    targets.has(text(at(object, 'spec', 'scaleTargetRef', 'name')) ?? ''),
  );
}

const wantedNames = ({ objects }: Subject): string[] =>
  objects.filter(({ kind }) => kind === 'ScaledObject').map(({ metadata }) => metadata.name);

export function checkScaling(snapshot: Snapshot, subject: Subject): Check[] {
  const wanted = wantedNames(subject);
  const { scaledObjects } = snapshot;
  if (scaledObjects.kind === 'unseen') {
    return [unseen('scaled-object', 'ScaledObjects', scaledObjects.reason)];
  }
  if (scaledObjects.kind !== 'seen') {
    if (wanted.length === 0) return [];
    const told = 'KEDA is not installed, and kedaSpec asks for it: nothing scales';
    return [fault('keda', told, 'install KEDA; the rest follows by itself')];
  }
  const found = scaledObjectsOf(snapshot, subject);
  const names = found.map(nameOf);
  // In attached mode Seldon's operator may have made it, under a name of its own.
  const isMade = subject.mode === 'attached' && found.length > 0;
  const missing = isMade ? [] : wanted.filter((name) => !names.includes(name));
  if (wanted.length + found.length === 0) return [];
  const todo = 'the controller makes it again: see its log, and the condition ResourcesApplied';
  return [
    ...absent('scaled-object', 'ScaledObject', missing, todo, causes),
    ...found.flatMap((object) => checkScaledObject(object, snapshot, subject)),
  ];
}

function checkScaledObject(object: PlainObject, snapshot: Snapshot, subject: Subject): Check[] {
  const title = `ScaledObject ${subject.namespace}/${nameOf(object)}`;
  return [
    ...checkState(object, title),
    ...checkScaleTriggers(object, subject, title),
    ...checkMax(object, snapshot, subject, title),
    ...checkAuthentication(object, snapshot, subject),
  ];
}

function checkState(object: PlainObject, title: string): Check[] {
  const [ready, active, fallback, paused] = ['Ready', 'Active', 'Fallback', 'Paused'].map((type) =>
    conditionOf(object, type),
  );
  const shown = {
    evidence: [ready, active, fallback, paused].flatMap((condition) =>
      condition === undefined
        ? []
        : [evidence(title, `status.conditions[${condition.type}]`, inWords(condition))],
    ),
    follows: [
      'trigger-authentication',
      'scale-trigger',
      'references',
      'deployments',
      'kafka',
    ] as const,
  };
  const checks: Check[] = [];
  if (ready === undefined) {
    const told = `KEDA has not looked at ${title}`;
    checks.push(
      fault('scaled-object', told, 'see whether KEDA runs: kubectl -n keda get pods', shown),
    );
  } else if (ready.status === 'True') {
    const state = active?.status === 'True' ? 'active' : 'idle: nothing waits';
    checks.push(fine('scaled-object', `${title} is Ready, ${state}`, shown));
  } else {
    const todo = `do what the message says; KEDA's log has more: kubectl -n keda logs deployment/keda-operator`;
    checks.push(fault('scaled-object', `${title} is not Ready: ${inWords(ready)}`, todo, shown));
  }
  if (fallback?.status === 'True') {
    const told = `${title} has fallen back to fixed replicas: KEDA cannot read the lag`;
    const todo = `see why: ${fallback.message || 'kubectl -n keda logs deployment/keda-operator'}`;
    checks.push(fault('scaled-object', told, todo, shown));
  }
  if (paused?.status === 'True') {
    const told = `${title} is paused: nothing scales`;
    const todo =
      'take the annotation autoscaling.keda.sh/paused (or paused-replicas) off the SeldonDeployment';
    checks.push(warning('scaled-object', told, todo, shown));
  }
  return checks;
}

const kedaMaxReplicas = 100;

function checkMax(
  object: PlainObject,
  { kafka }: Snapshot,
  subject: Subject,
  title: string,
): Check[] {
  const name = text(at(object, 'spec', 'scaleTargetRef', 'name')) ?? '';
  const predictor = predictorOf(name, subject);
  if (predictor === undefined) return [];
  const asked = kafka
    ?.get(predictor.name)
    ?.topics.find(
      ({ role, partitions }) => role === 'input' && partitions !== undefined,
    )?.partitions;
  const partitions = asked ?? predictor.settings.partitions;
  const max = number(at(object, 'spec', 'maxReplicaCount')) ?? kedaMaxReplicas;
  if (partitions === undefined) {
    const told = `whether its ${max} replicas at most are within the partitions of the input topic`;
    return [unseen('max-replicas', told, 'Kafka was not asked (--kafka)')];
  }
  const shown = {
    evidence: [
      evidence(title, 'spec.maxReplicaCount', max),
      evidence(
        `topic ${predictor.settings.inputTopic.known ?? ''}`,
        asked === undefined ? 'partitions, by KAFKA_NUM_PARTITIONS' : 'partitions',
        partitions,
      ),
    ],
  };
  if (max <= partitions) {
    return [fine('max-replicas', `at most ${max} replicas for ${partitions} partitions`, shown)];
  }
  const told = `maxReplicaCount is ${max}, and the input topic has ${partitions} partitions: replicas beyond them have nothing to consume`;
  return [warning('max-replicas', told, 'lower maxReplicaCount, or add partitions', shown)];
}
