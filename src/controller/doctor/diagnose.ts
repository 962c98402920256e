/** All checks, in the order of the chain. */

import type { RenderSettings } from '../render/rendered.ts';
import { type Check, parts } from './check.ts';
import { checkAddress } from './check-address.ts';
import { checkClusterRole } from './check-cluster-role.ts';
import { checkController } from './check-controller.ts';
import { checkDeployments } from './check-deployments.ts';
import { checkHpas } from './check-hpa.ts';
import { checkKafka } from './check-kafka.ts';
import { checkKafkaSettings } from './check-kafka-settings.ts';
import { checkPods } from './check-pods.ts';
import { checkPredictor } from './check-predictor.ts';
import { checkReferences } from './check-references.ts';
import { checkConditions, checkPresence } from './check-resource.ts';
import { checkScaling } from './check-scaling.ts';
import { checkServices } from './check-service.ts';
import { checkTriggers } from './check-triggers.ts';
import { withConsumers } from './consumers.ts';
import type { Snapshot } from './snapshot.ts';
import { subjectOf } from './subject.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface Diagnosis {
  readonly namespace: string;
  readonly name: string;
  readonly checks: readonly Check[];
  readonly verdict: Verdict;
}

/** It never throws, whatever the objects look like. */
export function diagnose(snapshot: Snapshot, settings: RenderSettings): Diagnosis {
  const { namespace, name } = snapshot;
  const checks = [...checkPresence(snapshot), ...checkRest(snapshot, settings)];
  const ordered = parts.flatMap((part) => checks.filter((check) => check.part === part));
  return { namespace, name, checks: ordered, verdict: verdictOf(ordered) };
}

function checkRest(snapshot: Snapshot, settings: RenderSettings): Check[] {
  const { resource, namespace, name } = snapshot;
  if (resource.kind !== 'seen') return [];
  const subject = withConsumers(subjectOf(namespace, name, resource.value, settings), snapshot);
  const deployments = checkDeployments(snapshot, subject);
  return [
    ...checkConditions(subject),
    ...checkReferences(snapshot, subject),
    ...checkController(snapshot, subject),
    ...checkTriggers(snapshot, subject),
    ...checkClusterRole(snapshot, subject),
    ...checkAddress(subject),
    ...checkServices(snapshot, subject, deployments),
    ...deployments,
    ...checkPods(snapshot, subject),
    ...checkPredictor(snapshot, subject),
    ...checkKafkaSettings(subject),
    ...checkScaling(snapshot, subject),
    ...checkHpas(snapshot, subject),
    ...checkKafka(snapshot, subject),
  ];
}
