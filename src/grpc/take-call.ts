/** Begins each call: what is no call of gRPC, or of a method that is not here, is told so. */

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Now } from '../delivery/ports.ts';
import { isGrpcContentType, parseTimeout } from '../inference/grpc-header.ts';
import { sendHttpStatus, sendStatus } from './answer-stream.ts';
import type { CallHead, Methods } from './method.ts';
import { badTimeout, unknownMethod } from './refusals.ts';
import { takeStream } from './stream-call.ts';
import type { Sweep } from './sweep.ts';
import { type CallLimits, takeUnary } from './unary-call.ts';

export type TakeCall = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
) => void;

export function createTakeCall(
  methods: Methods,
  limits: CallLimits,
  deps: { readonly now: Now; readonly sweep: Sweep },
): TakeCall {
  const { sweep } = deps;
  return (stream, headers, rawHeaders) => {
    stream.on('error', ignore);
    if (headers[':method'] !== 'POST') return sendHttpStatus(stream, 405, { allow: 'POST' });
    if (!isGrpcContentType(headers['content-type'])) return sendHttpStatus(stream, 415);
    const path = headers[':path'] ?? '';
    const timeout = headers['grpc-timeout'];
    const given = timeout === undefined ? Number.POSITIVE_INFINITY : parseTimeout(String(timeout));
    if (given === undefined) return sendStatus(stream, badTimeout(String(timeout)));
    const startedAt = deps.now();
    const head: CallHead = {
      path,
      rawHeaders,
      encoding: headers['grpc-encoding'] as string | undefined,
      startedAt,
      deadline: startedAt + Math.min(given, limits.requestTimeoutMs),
    };
    const unary = methods.unary.get(path);
    if (unary !== undefined) return takeUnary(stream, head, unary, limits, sweep);
    const streaming = methods.streaming.get(path);
    if (streaming !== undefined) return takeStream(stream, head, streaming, limits, sweep);
    return sendStatus(stream, unknownMethod(path));
  };
}

/** The end of the stream says all that there is to know. */
const ignore = (): void => undefined;
