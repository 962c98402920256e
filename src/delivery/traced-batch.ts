/**
 * Spans of a merged call. It is one call in one trace; each other trace that it belongs to shows it by
 * a span that is linked to it, and it is linked to all of its members (as OpenTelemetry's conventions
 * for messaging do with batches).
 */

import type { CallWithinDeadline } from './call-within-deadline.ts';
import { headerOf, withoutHeader } from './header-list.ts';
import type { CallMerged } from './micro-batch.ts';
import { ended } from './traced.ts';
import { isSampled, type Tracing, withTraceparent } from './tracing.ts';

/** @param call makes the merged call */
export function tracedMerged(call: CallWithinDeadline, tracing: Tracing): CallMerged {
  return (request, members) => {
    const sampled = members.flatMap((member) => {
      const parent = headerOf(member.call.headers, 'traceparent');
      const state = headerOf(member.call.headers, 'tracestate');
      return isSampled(parent) ? [{ parent, state }] : [];
    });
    const [first, ...others] = sampled;
    if (first === undefined) return call(request);
    const fields = { 'seldon.batch.member_count': members.length };
    const common = { kind: 'internal', fields } as const;
    const shared = tracing.start({
      name: 'predict batch',
      ...common,
      ...first,
      links: sampled.map(({ parent }) => parent),
    });
    const links = [shared.traceparent];
    const shown = others.map((other) =>
      tracing.start({ name: 'predict in batch', ...common, ...other, links }),
    );
    // The first member's state need not be of the first trace that is sampled.
    const headers = withoutHeader(request.headers, 'tracestate');
    if (first.state !== undefined) headers.push('tracestate', first.state);
    const all = {
      ...shared,
      end: (end?: Parameters<typeof shared.end>[0]) => {
        for (const span of [shared, ...shown]) span.end(end);
      },
    };
    return ended(
      all,
      call({ ...request, headers: withTraceparent(headers, shared.traceparent) }),
      ({ status }) => ({
        error: status >= 400 ? String(status) : undefined,
      }),
    );
  };
}
