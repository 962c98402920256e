/**
 * The events that are held for the page: the newest ones, bounded by their count and by the memory
 * that they take. Pure.
 *
 * H1 Numbers rise by one for each event, from 1; what is held is a run of them without gaps.
 * H2 A new event is always held. One that is too large by itself is held without its data.
 * H3 What is held pins no more memory than it is counted with: data that stand in a larger piece of
 *    memory, such as a batch, are copied out of it.
 */

import type { Event } from '../../event/event.ts';
import type { Cause } from './causes.ts';

export interface Arrival {
  readonly receivedAtMs: number;
  /** Where the page sent it; undefined for what was received. */
  readonly sentTo?: string | undefined;
  /** The event that it answers, where that one was seen. */
  readonly cause?: Cause | undefined;
}

export interface HeldEvent extends Arrival {
  readonly number: number;
  readonly event: Event;
  /** Of the payload as it came, also where it was left out. */
  readonly dataBytes: number;
  readonly isDataLeftOut: boolean;
  /** Estimate of the memory that it takes. */
  readonly bytes: number;
}

export interface HeldEvents {
  readonly add: (event: Event, arrival: Arrival) => HeldEvent;
  /** @returns undefined where there is no such event any more, or not yet */
  readonly get: (number: number) => HeldEvent | undefined;
  /** Number of the oldest one held; above `last` where none is. */
  readonly first: () => number;
  /** Number of the newest event ever; 0 before the first. */
  readonly last: () => number;
  readonly bytes: () => number;
}

export interface HeldEventsOptions {
  /** At least 1. */
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Objects, map and numbers of an event, beside its texts and data. */
const overheadBytes = 600;
/** A piece of memory up to this size is shared by small buffers (Node's pool). */
const poolBytes = 8 * 1024;

export function createHeldEvents({ maxEvents, maxBytes }: HeldEventsOptions): HeldEvents {
  const places: (HeldEvent | undefined)[] = [];
  let first = 1;
  let last = 0;
  let bytes = 0;
  const get = (number: number) =>
    number < first || number > last ? undefined : places[number % maxEvents];
  const dropOldest = () => {
    bytes -= get(first)?.bytes ?? 0;
    places[first % maxEvents] = undefined;
    first += 1;
  };
  return {
    add(event, arrival) {
      const held = hold(last + 1, event, arrival, maxBytes);
      while (last >= first && (last - first + 1 >= maxEvents || bytes + held.bytes > maxBytes)) {
        dropOldest();
      }
      last = held.number;
      places[last % maxEvents] = held;
      bytes += held.bytes;
      return held;
    },
    get,
    first: () => first,
    last: () => last,
    bytes: () => bytes,
  };
}

function hold(number: number, event: Event, arrival: Arrival, maxBytes: number): HeldEvent {
  const dataBytes = event.data?.length ?? 0;
  const otherBytes = overheadBytes + textBytes(event);
  const isDataLeftOut = otherBytes + dataBytes > maxBytes;
  const data = isDataLeftOut || event.data === undefined ? undefined : unpinned(event.data);
  const attributes = otherBytes > maxBytes ? new Map() : event.attributes;
  const bytes = Math.min(otherBytes + (data?.length ?? 0), maxBytes);
  const kept = { ...event, attributes, data };
  return { ...arrival, number, event: kept, dataBytes, isDataLeftOut, bytes };
}

function textBytes({ type, source, id, datacontenttype = '', attributes }: Event): number {
  let length = type.length + source.length + id.length + datacontenttype.length;
  for (const [name, value] of attributes) length += name.length + String(value).length + 32;
  return 2 * length;
}

function unpinned(data: Uint8Array): Uint8Array {
  const { byteLength } = data.buffer;
  return byteLength > poolBytes && byteLength > 2 * data.length ? new Uint8Array(data) : data;
}
