/**
 * A CloudEvent in memory: its attributes as they were sent, its data as the bytes that stand in a
 * binary-mode body. Nothing is invented and nothing is parsed that the wire did not force us to.
 */

import type { CloudEventV1 } from 'cloudevents';
import type { Problem } from '../errors.ts';

/** The versions of the specification that we speak. */
export type SpecVersion = '1.0' | '0.3';

/** What an attribute can hold on the wire: JSON format §2.2; binary modes have strings only. */
export type AttributeValue = string | number | boolean;

export interface Event extends Readonly<Pick<CloudEventV1<unknown>, 'id' | 'source' | 'type'>> {
  readonly specversion: SpecVersion;
  /** Media type of `data`, as sent. */
  readonly datacontenttype: string | undefined;
  /** Every other context attribute by its wire name: time, subject, dataschema, extensions. */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** The payload's own bytes (never base64 or an envelope's escape); undefined where there is none. */
  readonly data: Uint8Array | undefined;
}

/** How one event stands on the wire. */
export type Mode = 'binary' | 'structured';

/** An event out of untrusted bytes, or everything that is wrong with it. */
export type Decoded =
  | { readonly kind: 'event'; readonly mode: Mode; readonly event: Event }
  | {
      readonly kind: 'refused';
      readonly problems: readonly Problem[];
      /** Nothing but its size is wrong. */
      readonly isTooLarge?: true;
    };
