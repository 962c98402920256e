/** What is to be known of a pod, read from an object of any shape. */

import type { PlainObject } from '../render/canonical.ts';
import { at, conditionOf, nameOf, number, records, text, texts, timeMs } from './reading.ts';

export interface ContainerView {
  readonly name: string;
  readonly field: 'initContainerStatuses' | 'containerStatuses';
  readonly isInit: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why it waits, such as `ImagePullBackOff`; undefined where it does not. */
  readonly waiting: string | undefined;
  readonly message: string;
  readonly isRunning: boolean;
  /** How it ended last, if it ever did. */
  readonly exitCode: number | undefined;
  readonly exitReason: string | undefined;
}

export interface PodView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: string;
  readonly ready: boolean;
  /** On its way out. */
  readonly isLeaving: boolean;
  /** Why no node takes it; undefined where one did. */
  readonly unschedulable: string | undefined;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number | undefined;
  readonly containers: readonly ContainerView[];
}

export function viewPod(pod: PlainObject): PodView {
  const scheduled = conditionOf(pod, 'PodScheduled');
  return {
    name: nameOf(pod),
    labels: texts(at(pod, 'metadata', 'labels')),
    phase: text(at(pod, 'status', 'phase')) ?? 'Unknown',
    ready: conditionOf(pod, 'Ready')?.status === 'True',
    isLeaving: at(pod, 'metadata', 'deletionTimestamp') !== undefined,
    unschedulable:
      scheduled?.status === 'False' ? scheduled.message || scheduled.reason : undefined,
    reason: text(at(pod, 'status', 'message')) ?? text(at(pod, 'status', 'reason')) ?? '',
    createdMs: timeMs(at(pod, 'metadata', 'creationTimestamp')),
    containers: (['initContainerStatuses', 'containerStatuses'] as const).flatMap((field) =>
      records(at(pod, 'status', field)).map((status) => viewContainer(status, field)),
    ),
  };
}

function viewContainer(status: PlainObject, field: ContainerView['field']): ContainerView {
  const waiting = at(status, 'state', 'waiting');
  const ended = at(status, 'state', 'terminated') ?? at(status, 'lastState', 'terminated');
  return {
    name: text(status['name']) ?? '?',
    field,
    isInit: field === 'initContainerStatuses',
    ready: status['ready'] === true,
    restarts: number(status['restartCount']) ?? 0,
    waiting: waiting === undefined ? undefined : (text(at(waiting, 'reason')) ?? 'Waiting'),
    message: text(at(waiting, 'message')) ?? '',
    isRunning: at(status, 'state', 'running') !== undefined,
    exitCode: number(at(ended, 'exitCode')),
    exitReason: text(at(ended, 'reason')),
  };
}
