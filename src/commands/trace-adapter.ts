/** What tracing puts around the adapter's parts; without it each part is taken as it is. */

import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import { headerOf } from '../delivery/header-list.ts';
import { tracedDispatch, tracedEdge } from '../delivery/traced.ts';
import { isSampled, type Tracing } from '../delivery/tracing.ts';
import type { ServeUnary } from '../grpc/method.ts';
import type { CountServed } from '../http/request-parts.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';

export interface TracedParts {
  readonly dispatch: (dispatch: Dispatch) => Dispatch;
  /** Of calls that an edge makes without dispatch. */
  readonly edge: (call: CallWithinDeadline) => CallWithinDeadline;
  readonly served: CountServed;
  readonly servedGrpc: (
    path: string,
    status: string,
    seconds: number,
    rawHeaders: readonly string[],
  ) => void;
  readonly method: ((path: string, serve: ServeUnary) => ServeUnary) | undefined;
}

/** @param tracing undefined: everything stays as it is */
export async function traceParts(
  tracing: Tracing | undefined,
  metrics: AdapterMetrics,
): Promise<TracedParts> {
  if (tracing === undefined) {
    const { served, servedGrpc } = metrics;
    return { dispatch: same, edge: same, served, servedGrpc, method: undefined };
  }
  const { tracedMethod } = await import('../grpc/trace-calls.ts');
  return {
    dispatch: (dispatch) => tracedDispatch(dispatch, tracing),
    edge: (call) => tracedEdge(call, tracing),
    served: (service, status, seconds, { raw }) => {
      const { traceparent } = raw.headers;
      if (typeof traceparent !== 'string' || !isSampled(traceparent)) {
        metrics.served(service, status, seconds);
        return;
      }
      const request = { service, method: 'post', code: String(status) } as const;
      metrics.servedTraced(request, seconds, traceparent);
    },
    servedGrpc: (path, status, seconds, rawHeaders) => {
      const traceparent = headerOf(rawHeaders, 'traceparent');
      if (!isSampled(traceparent)) return metrics.servedGrpc(path, status, seconds);
      const call = { service: path, method: 'unary', code: status } as const;
      metrics.servedTraced(call, seconds, traceparent);
    },
    method: (path, serve) => tracedMethod(path, serve, tracing),
  };
}

const same = <Part>(part: Part): Part => part;
