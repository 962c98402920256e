/** What senders and settings say of traces, as OpenTelemetry's API is given it. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../../src/observability/trace-context.ts';

const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('a trace context', () => {
  it('of any text is one of well-formed ids, or none; its state is of bounded size', () => {
    const pair = fc.stringMatching(/^[a-z0-9@=,_ -]{0,40}$/);
    const text = fc.oneof(fc.string({ unit: 'binary' }), pair, fc.constant(parent));
    const state = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pair, { maxLength: 60 }).map((pairs) => pairs.join(',')),
      fc.constant('a=b,'.repeat(5_000)),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(text, state, (traceparent, tracestate) => {
        const context = contextOf(traceparent, tracestate);
        if (context === undefined) return;
        expect(context.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(context.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
        expect(context.traceState?.serialize().length ?? 0).toBeLessThanOrEqual(512);
      }),
      { numRuns: 500 },
    );
  });
});
