/**
 * Who may call: a token is asked for on every method but those of health and reflection. The caller
 * is judged before its message is read, and its token goes no further.
 */

import type { ServerHttp2Stream } from 'node:http2';
import type { AdmitCaller } from '../delivery/admit-caller.ts';
import { failureFields, nextOfCaller } from '../delivery/failure-line.ts';
import { headerOf, withoutHeader } from '../delivery/header-list.ts';
import type { Log } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { grpcName } from '../inference/grpc-status.ts';
import type { AnswerCallDeps } from './answer-call.ts';
import { sendStatus } from './answer-stream.ts';
import type { Methods } from './method.ts';
import { statusOf } from './status.ts';
import type { TakeCall } from './take-call.ts';

export interface GuardDeps {
  readonly admit: AdmitCaller;
  readonly log: Log;
  readonly served: AnswerCallDeps['served'];
}

/** @returns `take` for those who are let in */
export function guardCalls(take: TakeCall, methods: Methods, deps: GuardDeps): TakeCall {
  const refuse = (
    stream: ServerHttp2Stream,
    path: string,
    rawHeaders: readonly string[],
    error: AdapterError,
  ): void => {
    const told = statusOf(error);
    const traceparent = headerOf(rawHeaders, 'traceparent');
    const status = grpcName(told.code);
    const fields = failureFields(error, { traceparent, next: nextOfCaller(status) });
    // The names of others are the caller's, and without end.
    const isServed = methods.unary.has(path);
    const method = isServed ? path : undefined;
    deps.log.warn({ method, ...fields, status }, 'the call was answered with an error');
    sendStatus(stream, told);
    if (isServed) deps.served(path, status, 0, rawHeaders);
  };

  return (stream, headers, rawHeaders) => {
    const path = headers[':path'] ?? '';
    if (isOpen(path)) return take(stream, headers, rawHeaders);
    const judged = deps.admit(headers.authorization);
    if (judged === undefined)
      return take(stream, headers, withoutHeader(rawHeaders, 'authorization'));
    stream.on('error', ignore);
    if (!(judged instanceof Promise)) return refuse(stream, path, rawHeaders, judged);
    judged
      .catch((error: unknown) => AdapterError.from(error))
      .then((refusal) => {
        if (stream.destroyed || stream.closed) return;
        if (refusal === undefined)
          take(stream, headers, withoutHeader(rawHeaders, 'authorization'));
        else refuse(stream, path, rawHeaders, refusal);
      })
      .catch((error) => deps.log.error({ method: path, err: error }, 'the adapter failed'));
  };
}

const isOpen = (path: string): boolean =>
  path.startsWith('/grpc.health.') || path.startsWith('/grpc.reflection.');

const ignore = (): void => undefined;
