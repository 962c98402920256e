/** Which protobuf message an event's data are: the extension `protoname`. */

import type { Event } from './event.ts';

/** The extension's name, which has letters and digits alone (CloudEvents 1.0.2, "Naming conventions"). */
export const protoNameAttribute = 'protoname';

/** @returns the message's full name; undefined where the event does not say it */
export function protoNameOf(event: Event): string | undefined {
  const name = event.attributes.get(protoNameAttribute);
  return typeof name === 'string' && name !== '' ? name : undefined;
}
