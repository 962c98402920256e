/**
 * Events on a SeldonDeployment for what a person should know: told when it comes up, not again
 * while it lasts.
 */

import type { EventRecorder } from '../kubernetes/events.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import { recordOf } from './live-object.ts';

/** Conditions whose being false, or true, is worth an Event. */
const worthTelling: Readonly<Record<string, string>> = {
  Accepted: 'False',
  ResourcesApplied: 'False',
  Addressable: 'False',
  Warnings: 'True',
  StatusContested: 'True',
};

/** What the controller was doing, for the Event's `action`. */
const action = 'Reconcile';

/**
 * @param live as it was before this status was written: what it says already is not told again
 * @param status just written
 */
export function announce(
  recorder: Pick<EventRecorder, 'record'>,
  live: KubeObject,
  status: { readonly conditions?: unknown },
): void {
  const before = conditionsOf(live['status']);
  for (const condition of conditionsOf(status)) {
    const { type, status: value, reason, message } = condition;
    if (worthTelling[String(type)] !== value || reason === 'NotAccepted') continue;
    const known = before.some(
      (old) => old['type'] === type && old['reason'] === reason && old['message'] === message,
    );
    if (!known) recorder.record(live, 'Warning', String(reason), String(message), action);
  }
}

const conditionsOf = (status: unknown): Readonly<Record<string, unknown>>[] => {
  const { conditions } = recordOf(status);
  return Array.isArray(conditions) ? conditions.map(recordOf) : [];
};
