/**
 * When two inputs with the same (`source`, `id`) and route ask for the same prediction.
 *
 * W1 What decides is what changes the prediction: the payload's bytes, its content type, encoding
 *    and protobuf name, and whether it is feedback. Senders may change all else between attempts.
 * W2 Inputs at hand are compared; a digest is made only of what is kept or looked up.
 */

import { createHash } from 'node:crypto';
import type { Event } from '../event/event.ts';
import type { Input } from './dispatch.ts';
import type { Handling } from './handling.ts';
import { headerOf } from './header-list.ts';

/** What identifies the work that an event asks for; no attribute and no path has a line break. */
export const workKey = ({ source, id }: Event, model: string | undefined): string =>
  `${source}\n${id}\n${model ?? ''}`;

/** Whether both ask for the same; neither has looked at more than it must. */
export function isSameWork(one: Input, other: Input): boolean {
  return (
    one.contentType === other.contentType &&
    one.protoName === other.protoName &&
    encodingOf(one) === encodingOf(other) &&
    isSamePayload(one.payload, other.payload)
  );
}

function isSamePayload(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.byteLength === other.byteLength && Buffer.compare(one, other) === 0;
}

/** SHA-256 over all that decides; nobody can make a payload that is taken for another's. */
export function workDigest(input: Input, handling: Handling): string {
  const about = [handling, input.contentType, input.protoName, encodingOf(input)];
  const digest = createHash('sha256').update(`${JSON.stringify(about)}\n`);
  if (input.payload !== undefined) digest.update(input.payload);
  return digest.digest('base64url');
}

const encodingOf = ({ headers }: Input): string | undefined =>
  headerOf(headers, 'content-encoding');
