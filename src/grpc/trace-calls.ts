/** A span for each call of our gRPC server, which what it causes finds among the call's metadata. */

import { headerOf } from '../delivery/header-list.ts';
import { fieldsOfMethod } from '../delivery/traced.ts';
import { passesThrough, type Span, type Tracing, withTraceparent } from '../delivery/tracing.ts';
import { grpcName } from '../inference/grpc-status.ts';
import type { ServeUnary, UnaryCall } from './method.ts';

/** Serves calls of the method within spans. */
export function tracedMethod(path: string, serve: ServeUnary, tracing: Tracing): ServeUnary {
  return (call) => {
    const { rawHeaders, startedAt } = call.head;
    const parent = headerOf(rawHeaders, 'traceparent');
    if (passesThrough(parent, tracing)) {
      serve(call);
      return;
    }
    const span = tracing.start({
      name: path.slice(1),
      kind: 'server',
      parent,
      state: headerOf(rawHeaders, 'tracestate'),
      startMs: startedAt,
    });
    const head = { ...call.head, rawHeaders: withTraceparent(rawHeaders, span.traceparent) };
    serve(followed({ call, head, path, span }, tracing));
  };
}

interface Followed {
  readonly call: UnaryCall;
  readonly head: UnaryCall['head'];
  readonly path: string;
  readonly span: Span;
}

/** The call, which ends its span when the caller is told, or is found gone. */
function followed({ call, head, path, span }: Followed, tracing: Tracing): UnaryCall {
  const { traceparent: parent, isRecorded } = span;
  const { message } = call;
  if (!isRecorded) {
    return {
      head,
      message,
      over: () => call.over(),
      reply: (answer, metadata) => call.reply(answer, metadata),
      refuse: (told) => call.refuse(told),
    };
  }
  const state = headerOf(head.rawHeaders, 'tracestate');
  const arrival = { state, receivedMs: tracing.now(), workedMs: undefined };
  const { startedAt: startMs } = head;
  tracing.start({ name: 'receive', kind: 'internal', parent, state, startMs }).end();
  tracing.arrivals.set(parent, arrival);
  let isEnded = false;
  const end = (code: number, why?: string): void => {
    if (isEnded) return;
    isEnded = true;
    tracing.arrivals.delete(parent);
    const name = grpcName(code);
    span.end({
      fields: { ...fieldsOfMethod(path), 'rpc.response.status_code': name },
      error: serverFaults.has(name) ? name : undefined,
      message: why,
    });
  };
  return {
    head,
    message,
    over: () => {
      const isOver = call.over();
      if (isOver) end(cancelled);
      return isOver;
    },
    reply: (answer, metadata) => {
      call.reply(answer, metadata);
      end(0);
    },
    refuse: (told) => {
      call.refuse(told);
      end(told.code);
    },
  };
}

const cancelled = 1;

/** Those that are no fault of the caller (semantic conventions for RPC servers). */
const serverFaults: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);
