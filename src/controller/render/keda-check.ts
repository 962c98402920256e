/**
 * What KEDA would refuse of a kedaSpec: its CRD, or its admission webhook
 * (KEDA 2.21, scaledobject_types.go, scaledobject_webhook.go, scaletriggers_types.go).
 */

import type { Finding } from './finding.ts';
import type { ComponentSpec, KedaSpec, ScaleTrigger } from './seldon-deployment.ts';

/** Whether replicas can go to none, where HTTP reaches nobody. KEDA's own minimum is 0. */
export const scalesToZero = ({ idleReplicaCount, minReplicaCount }: KedaSpec): boolean =>
  (idleReplicaCount ?? minReplicaCount ?? 0) === 0;

const kedaMaxReplicas = 100;

/** @param where the component's path */
export function kedaProblems({ kedaSpec = {}, hpaSpec }: ComponentSpec, where: string): Finding[] {
  const field = `${where}.kedaSpec`;
  const problems = [
    ...countProblems(kedaSpec, field),
    ...triggerProblems(kedaSpec.triggers ?? [], field),
    ...resourceProblems(kedaSpec, field),
  ];
  if (hpaSpec !== undefined) {
    const message = `${where}: has both kedaSpec and hpaSpec, and two autoscalers would fight over its replicas; take one out (a cpu or memory trigger in kedaSpec does what hpaSpec does)`;
    problems.push({ reason: 'KedaAndHpa', message });
  }
  return problems;
}

function countProblems(spec: KedaSpec, where: string): Finding[] {
  const {
    idleReplicaCount: idle,
    minReplicaCount: min,
    maxReplicaCount: max = kedaMaxReplicas,
  } = spec;
  const problem = (message: string): Finding => ({
    reason: 'KedaReplicaCounts',
    message: `${where}.${message}`,
  });
  // KEDA takes a minimum of 0 that is set for 1 here, for that is what its HPA gets.
  const lowest = min === undefined ? 0 : Math.max(1, min);
  const problems: Finding[] = [];
  if (max < 1) problems.push(problem(`maxReplicaCount: is ${max}; make it at least 1`));
  else if (lowest > max) {
    const text = spec.maxReplicaCount === undefined ? `KEDA's default of ${max}` : String(max);
    problems.push(
      problem(
        `minReplicaCount: ${min} is more than maxReplicaCount, ${text}; make it less or equal`,
      ),
    );
  }
  if (idle !== undefined && idle >= lowest) {
    problems.push(
      problem(
        `idleReplicaCount: ${idle} is not less than minReplicaCount, ${min ?? 'which is not set'}; set minReplicaCount to more`,
      ),
    );
  }
  return problems;
}

function triggerProblems(triggers: readonly ScaleTrigger[], where: string): Finding[] {
  const problem = (message: string): Finding => ({
    reason: 'KedaTriggers',
    message: `${where}.triggers${message}`,
  });
  if (triggers.length === 0)
    return [
      problem(
        ': there is none, and nothing to scale by; add one, of type kafka for the lag of the input topic',
      ),
    ];
  return triggers.flatMap((trigger, i) => {
    const problems: Finding[] = [];
    const isTaken = trigger.name && triggers.slice(0, i).some(({ name }) => name === trigger.name);
    if (isTaken)
      problems.push(problem(`[${i}].name: "${trigger.name}" is another's too; name it otherwise`));
    if (trigger['useCachedMetrics'] === true && (isResource(trigger) || trigger.type === 'cron')) {
      problems.push(
        problem(`[${i}].useCachedMetrics: KEDA has none for ${trigger.type}; take it out`),
      );
    }
    return problems;
  });
}

const isResource = ({ type }: ScaleTrigger): boolean => type === 'cpu' || type === 'memory';

/** Processor and memory of no replica are nothing: neither can start the first one. */
function resourceProblems(
  { triggers = [], minReplicaCount, fallback, advanced }: KedaSpec,
  where: string,
): Finding[] {
  if (triggers.length === 0 || !triggers.every(isResource)) return [];
  const problems: Finding[] = [];
  if ((minReplicaCount ?? 0) === 0) {
    const message = `${where}.minReplicaCount: is 0 with only cpu and memory triggers, which never start the first replica; set it to 1 or more`;
    problems.push({ reason: 'KedaReplicaCounts', message });
  }
  if (fallback !== undefined && advanced?.['scalingModifiers'] === undefined) {
    const message = `${where}.fallback: KEDA has none for cpu and memory triggers; take it out`;
    problems.push({ reason: 'KedaTriggers', message });
  }
  return problems;
}
