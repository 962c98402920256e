/**
 * Tracing as the core sees it: spans are started by a function, and a context travels as the text of
 * a W3C `traceparent` among the headers that a prediction has anyway.
 *
 * T1 Off, none of this is there: decorators are put on only where tracing is on.
 * T2 What is not sampled costs a look at one header: no span, no copy.
 * T3 No payload and no secret becomes an attribute.
 */

import { withoutHeader } from './header-list.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** By OpenTelemetry's names (semantic conventions), or `seldon.*`. */
export type SpanFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  /** The `traceparent` of what caused it; none: it begins a trace. */
  readonly parent?: string | undefined;
  /** The `tracestate` that goes with the parent. */
  readonly state?: string | undefined;
  /** Each the `traceparent` of another span that it has to do with. */
  readonly links?: readonly string[] | undefined;
  readonly fields?: SpanFields | undefined;
  /** On the clock of `Now`; now, where it is left out. */
  readonly startMs?: number | undefined;
}

export interface SpanEnd {
  readonly fields?: SpanFields;
  /** What failed: the code of an error, or a status. */
  readonly error?: string | undefined;
  /** One sentence for people. */
  readonly message?: string | undefined;
}

export interface Span {
  /** Stands for it in whatever it causes. */
  readonly traceparent: string;
  /** False where it is not sampled: what it is told is forgotten. */
  readonly isRecorded: boolean;
  readonly end: (end?: SpanEnd) => void;
}

export type StartSpan = (start: SpanStart) => Span;

/** What is known of a sampled request that is not answered yet. */
export interface Arrival {
  /** The `tracestate` that goes with its spans. */
  readonly state: string | undefined;
  /** When it had arrived whole. */
  receivedMs: number;
  /** When its prediction was over; undefined before. */
  workedMs: number | undefined;
}

export interface Tracing {
  readonly start: StartSpan;
  /** Whether a parent that is not sampled settles it for its children. */
  readonly parentDecides: boolean;
  readonly now: () => number;
  /** Sampled requests under way, by their span's `traceparent`. */
  readonly arrivals: Map<string, Arrival>;
  /** How many calls of a predictor a sampled prediction has made, by its span's `traceparent`. */
  readonly attempts: Map<string, number>;
}

/** `version-traceid-parentid-flags`; more may follow in later versions (W3C Trace Context §3.2). */
const form =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** @returns undefined where it is none */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const match = text === undefined ? null : form.exec(text);
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = ''] = match;
  if (version === '00' && text?.length !== 55) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The trace's id, for logs and exemplars; undefined where the text is no `traceparent`. */
export const traceIdOf = (traceparent: string | undefined): string | undefined =>
  parseTraceparent(traceparent)?.traceId;

/** Whether what this stands for is sampled. Cheap: it is asked for every request. */
export const isSampled = (traceparent: string | undefined): traceparent is string =>
  traceparent !== undefined &&
  traceparent.length >= 55 &&
  (Number.parseInt(traceparent.charAt(54), 16) & 1) === 1 &&
  parseTraceparent(traceparent) !== undefined;

/** @returns the headers with this `traceparent` in place of what stood there */
export function withTraceparent(headers: readonly string[], traceparent: string): string[] {
  const result = withoutHeader(headers, 'traceparent');
  result.push('traceparent', traceparent);
  return result;
}

/** Whether nothing is to be started for this parent: it goes through as it came. */
export const passesThrough = (parent: string | undefined, { parentDecides }: Tracing): boolean =>
  parent !== undefined && parentDecides && parseTraceparent(parent)?.isSampled === false;
