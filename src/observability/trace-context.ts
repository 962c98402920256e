/** W3C contexts as OpenTelemetry's API has them. */

import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { parseTraceparent } from '../delivery/tracing.ts';

/** @returns undefined where the text is no `traceparent` */
export function contextOf(traceparent: string, tracestate?: string): SpanContext | undefined {
  const parsed = parseTraceparent(traceparent);
  if (parsed === undefined) return undefined;
  const { traceId, spanId, isSampled } = parsed;
  return {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  };
}
