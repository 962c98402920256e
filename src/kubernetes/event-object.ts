/** Events (`events.k8s.io/v1`) as the API server takes them. */

import { Buffer } from 'node:buffer';
import type { KubeObject } from './kube-object.ts';
import { microTime } from './lease.ts';

/** What one Event says, however often it happens. */
export interface Occurrence {
  readonly object: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly action: string;
}

export interface EventSource {
  readonly component: string;
  readonly instance: string;
}

/** The server's limits, in bytes. */
const longestNote = 1_024;
const longestWord = 128;
/** Of an object's name; ours ends with a dot and at most 16 digits. */
const longestName = 253 - 17;

/** The same for what is counted as one. */
export function occurrenceKey({ object, type, reason, message, action }: Occurrence): string {
  const { namespace = '', name, uid = '' } = object.metadata;
  return JSON.stringify([object.kind, namespace, name, uid, type, reason, action, message]);
}

/** Events of what is in no namespace are kept in `default`, where kubectl looks for them. */
export const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace || 'default';

/**
 * A new Event.
 * @param suffix makes the name unlike any other; hexadecimal, at most 16 digits
 * @param count how often it happened already
 */
export function eventObject(
  source: EventSource,
  occurrence: Occurrence,
  suffix: string,
  count: number,
  wallClockMs: number,
): KubeObject {
  const { object, type, reason, message, action } = occurrence;
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const time = microTime(wallClockMs);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${name.slice(0, longestName).replace(/[.-]+$/, '')}.${suffix}`,
      namespace: namespaceOf(object),
    },
    eventTime: time,
    reportingController: source.component,
    reportingInstance: cut(source.instance, longestWord),
    action: cut(action, longestWord),
    reason: cut(reason, longestWord),
    type,
    note: cut(message, longestNote),
    regarding: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    ...(count > 1 && seriesOf(count, wallClockMs)),
  };
}

/** The only part of an Event that may change: how often, and when last. */
export const seriesOf = (count: number, wallClockMs: number): object => ({
  series: { count, lastObservedTime: microTime(wallClockMs) },
});

/** At most so many bytes, and no half of a character. */
function cut(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const head = Buffer.from(text)
    .subarray(0, maxBytes - 3)
    .toString('utf8');
  return `${head.replace(/\uFFFD+$/, '')}…`;
}
