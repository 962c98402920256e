/** Extension attributes that are set on events that leave: Knative's CloudEvents overrides. */

import type { Event } from './event.ts';

/** Names and values, checked. */
export type Extensions = ReadonlyMap<string, string>;

/** @returns the event with these attributes, whatever it had by their names */
export function withExtensions(event: Event, extensions: Extensions): Event {
  if (extensions.size === 0) return event;
  return { ...event, attributes: new Map([...event.attributes, ...extensions]) };
}
