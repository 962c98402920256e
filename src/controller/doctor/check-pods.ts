/** Pods: scheduled, started, running; and what keeps them from it. */

import { adapterContainer } from '../render/names.ts';
import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { type ContainerView, type PodView, viewPod } from './pod.ts';
import { some } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

/** One thing that is wrong with a pod, and with others alike. */
interface PodFault {
  /** Pods with the same are told together. */
  readonly key: string;
  readonly told: string;
  readonly todo: string;
  readonly field: string;
  readonly value: string;
}

export const podsOf = ({ pods }: Snapshot): PodView[] =>
  pods.kind === 'seen' ? pods.value.map(viewPod).filter(({ isLeaving }) => !isLeaving) : [];

export function checkPods(snapshot: Snapshot, { namespace }: Subject): Check[] {
  const { pods } = snapshot;
  if (pods.kind === 'unseen') return [unseen('pods', 'pods', pods.reason)];
  const views = podsOf(snapshot);
  if (views.length === 0) return [note('pods', 'it has no pods')];
  const faults = new Map<string, { readonly fault: PodFault; readonly pods: string[] }>();
  for (const pod of views) {
    const found = faultOf(pod, namespace, snapshot.nowMs);
    if (found === undefined) continue;
    const alike = faults.get(found.key) ?? { fault: found, pods: [] };
    alike.pods.push(pod.name);
    faults.set(found.key, alike);
  }
  return [
    ...[...faults.values()].map(({ fault: found, pods: names }) =>
      fault('pods', `${some(names)}: ${found.told}`, found.todo, {
        evidence: names
          .slice(0, 3)
          .map((name) => evidence(`Pod ${namespace}/${name}`, found.field, found.value)),
        follows: ['references', 'applied'],
      }),
    ),
    ...(faults.size === 0 ? [running(views)] : []),
    ...restarts(views, namespace),
  ];
}

function running(views: readonly PodView[]): Check {
  const up = views.filter(({ phase }) => phase === 'Running').length;
  return fine(
    'pods',
    `${up} of ${views.length} pods run, ${views.filter(({ ready }) => ready).length} are ready`,
  );
}

function faultOf(pod: PodView, namespace: string, nowMs: number): PodFault | undefined {
  if (pod.phase === 'Succeeded') return undefined;
  if (pod.phase === 'Failed') {
    const value = pod.reason || 'Failed';
    const todo = `another takes its place; see kubectl -n ${namespace} describe pod ${pod.name}`;
    return { key: `failed ${value}`, told: `failed: ${value}`, todo, field: 'status', value };
  }
  for (const container of pod.containers) {
    const found = containerFault(container, pod, namespace);
    if (found !== undefined) return found;
  }
  if (pod.unschedulable !== undefined) {
    const value = pod.unschedulable;
    const todo = 'make room or add nodes, or ask for less (resources, nodeSelector, tolerations)';
    const field = 'status.conditions[PodScheduled]';
    return {
      key: `unschedulable ${value}`,
      told: `no node takes it: ${value}`,
      todo,
      field,
      value,
    };
  }
  return lateFault(pod, namespace, nowMs);
}

/** Images of models are large, and some are loaded before the pod is ready. */
const startsWithinMs = 600_000;

/** Nothing is known to be wrong with it, but it should have started by now. */
function lateFault(pod: PodView, namespace: string, nowMs: number): PodFault | undefined {
  const ageMs = nowMs - (pod.createdMs ?? nowMs);
  if (pod.phase !== 'Pending' || ageMs < startsWithinMs) return undefined;
  const told = `has been starting for ${Math.round(ageMs / 60_000)} minutes`;
  const todo = `see its events: kubectl -n ${namespace} describe pod ${pod.name}`;
  return { key: 'late', told, todo, field: 'status.phase', value: pod.phase };
}

function containerFault(
  container: ContainerView,
  pod: PodView,
  namespace: string,
): PodFault | undefined {
  const { name, waiting, exitCode, exitReason, message } = container;
  const field = `status.${container.field}[${name}]`;
  const logs = `kubectl -n ${namespace} logs ${pod.name} -c ${name} --previous`;
  const crashes = waiting === 'CrashLoopBackOff' || (exitCode ?? 0) !== 0;
  if (!container.isRunning && crashes && exitCode !== undefined) {
    const value = `${waiting ?? 'terminated'}, exit code ${exitCode}${exitReason === undefined ? '' : ` (${exitReason})`}`;
    const told = `container ${name} ends with exit code ${exitCode}`;
    if (name === adapterContainer && exitCode === 2) {
      const todo = `its settings are wrong; its log names every one: ${logs}; correct svcOrchSpec.env`;
      return {
        key: 'settings',
        told: `${told}: wrong settings of the adapter`,
        todo,
        field,
        value,
      };
    }
    const todo =
      exitReason === 'OOMKilled'
        ? 'it needs more memory than its limit: raise resources.limits.memory'
        : `see its log: ${logs}`;
    return { key: `exit ${name} ${exitCode}`, told, todo, field, value };
  }
  const known = waiting === undefined ? undefined : waitingTodo[waiting];
  if (waiting === undefined || known === undefined) return undefined;
  const told = `container ${name} does not start: ${waiting}${message === '' ? '' : `: ${message}`}`;
  return { key: `${waiting} ${name}`, told, todo: known, field, value: waiting };
}

const imageTodo =
  'correct the image name, or the pull secret (imagePullSecrets), or reach of the registry';
const waitingTodo: Readonly<Record<string, string>> = {
  ImagePullBackOff: imageTodo,
  ErrImagePull: imageTodo,
  ErrImageNeverPull: imageTodo,
  InvalidImageName: 'correct the image name',
  CreateContainerConfigError:
    'create the Secret, ConfigMap or key that the message names; the pod then starts by itself',
  CreateContainerError: 'do what the message says: see kubectl describe pod',
  RunContainerError: 'do what the message says: see kubectl describe pod',
  CrashLoopBackOff: 'see the log of its last run: kubectl logs --previous',
};

const manyRestarts = 5;

function restarts(views: readonly PodView[], namespace: string): Check[] {
  const often = views.flatMap((pod) =>
    pod.containers
      .filter((container) => container.isRunning && container.restarts >= manyRestarts)
      .map((container) => ({ pod, container })),
  );
  if (often.length === 0) return [];
  const told = some(
    often.map(
      ({ pod, container }) => `${pod.name}/${container.name} (${container.restarts} times)`,
    ),
  );
  return [
    warning('pods', `restarted often: ${told}`, 'see the logs of the runs before: --previous', {
      evidence: often
        .slice(0, 3)
        .map(({ pod, container }) =>
          evidence(
            `Pod ${namespace}/${pod.name}`,
            `status.containerStatuses[${container.name}].restartCount`,
            container.restarts,
          ),
        ),
    }),
  ];
}
