/** What is sent: events with fresh ids, or the payload alone, for a topic or for HTTP. Pure. */

import type { Event, Mode } from '../event/event.ts';
import { type Extensions, withExtensions } from '../event/extensions.ts';
import { type EncodedHttp, encodeHttp } from '../event/http-message.ts';
import { type EncodedKafka, encodeKafka } from '../event/kafka-message.ts';

export interface Message {
  /** Running number, from 1. */
  readonly number: number;
  /** What the output calls it: the event's id, or the number where there is none. */
  readonly label: string;
  readonly key: string | undefined;
  /** Undefined where the payload is sent raw. */
  readonly event: Event | undefined;
  readonly mode: Mode;
  readonly payload: Uint8Array;
}

export interface MessageOptions {
  readonly form: Mode | 'raw';
  /** JSON. */
  readonly payload: Uint8Array;
  /** With `{n}` and `{n%m}` in it. */
  readonly key: string | undefined;
  readonly type: string;
  readonly source: string;
  /** Of every event. */
  readonly extensions?: Extensions | undefined;
}

export interface MessageDeps {
  readonly newId: () => string;
  readonly wallClock: () => number;
}

const json = 'application/json';

/** @returns what makes the messages of one run, one after another */
export function createMessages(options: MessageOptions, deps: MessageDeps): () => Message {
  const { form, payload, key: template, type, source, extensions } = options;
  let number = 0;

  const newEvent = (): Event => {
    const event: Event = {
      specversion: '1.0',
      id: deps.newId(),
      source,
      type,
      datacontenttype: json,
      attributes: new Map([['time', new Date(deps.wallClock()).toISOString()]]),
      data: payload,
    };
    return extensions === undefined ? event : withExtensions(event, extensions);
  };

  return () => {
    number += 1;
    const event = form === 'raw' ? undefined : newEvent();
    const key = template === undefined ? undefined : renderKey(template, number);
    const mode = form === 'raw' ? 'binary' : form;
    return { number, label: event?.id ?? `#${number}`, key, event, mode, payload };
  };
}

/** Puts the running number into a key: `{n}` is the number, `{n%10}` its remainder. */
export const renderKey = (template: string, number: number): string =>
  template.replaceAll(/\{n(?:%(\d+))?\}/g, (_all, modulus: string | undefined) =>
    String(modulus === undefined ? number : number % Number(modulus)),
  );

/** As a record's headers and value. A raw record has no headers. */
export const encodeRecord = ({ event, mode, payload }: Message): EncodedKafka =>
  event === undefined ? { headers: {}, value: payload } : encodeKafka(event, mode);

/** As a request's headers and body. */
export const encodeRequest = ({ event, mode, payload }: Message): EncodedHttp =>
  event === undefined
    ? { headers: { 'content-type': json }, body: payload }
    : encodeHttp(event, mode);
