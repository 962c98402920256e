/** The body of a watch: JSON lines, each one event. */

import type { Buffer } from 'node:buffer';
import type { CallScope } from './call-scope.ts';
import type { CallTarget } from './call-target.ts';
import type { WatchEvent } from './calls.ts';
import { isMetadata, withKind } from './decode-object.ts';
import type { ApiResource } from './kube-object.ts';
import { createLineSplitter } from './line-splitter.ts';
import { fromErrorEvent } from './refusal.ts';

export interface WatchStreamOptions {
  readonly target: CallTarget;
  readonly resource: ApiResource;
  readonly maxLineBytes: number;
  readonly idleMs: number | undefined;
}

/**
 * Reads to the end.
 * @throws KubernetesApiError of an ERROR event; what `onEvent` throws
 */
export async function readWatchStream(
  options: WatchStreamOptions,
  body: AsyncIterable<Buffer>,
  scope: CallScope,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  const { maxLineBytes, idleMs } = options;
  const unreadable = (problem: string): void => onEvent({ type: 'UNREADABLE', problem });
  const lines = createLineSplitter(
    maxLineBytes,
    (line) => onEvent(decodeEvent(options, line)),
    () => unreadable(`a line longer than ${maxLineBytes} bytes`),
  );
  scope.allow(idleMs);
  for await (const chunk of body) {
    scope.allow(idleMs);
    lines.push(chunk);
  }
  if (lines.pending() > 0) unreadable('the connection ended within a line');
}

function decodeEvent({ target, resource }: WatchStreamOptions, line: Buffer): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch {
    // Not the parser's message: it quotes the line.
    return { type: 'UNREADABLE', problem: `a line of ${line.byteLength} bytes that is not JSON` };
  }
  const { type, object } = (event ?? {}) as { readonly type?: unknown; readonly object?: unknown };
  if (type === 'ERROR') throw fromErrorEvent(target, object);
  if (type === 'BOOKMARK') {
    const metadata = (
      object as { readonly metadata?: { readonly resourceVersion?: unknown } } | null
    )?.metadata;
    if (typeof metadata?.resourceVersion === 'string') {
      return { type, resourceVersion: metadata.resourceVersion };
    }
    return { type: 'UNREADABLE', problem: 'a bookmark without a resource version' };
  }
  if ((type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') || !isMetadata(object)) {
    return { type: 'UNREADABLE', problem: 'a line that is no event of an object' };
  }
  return { type, object: withKind(resource, object) };
}
