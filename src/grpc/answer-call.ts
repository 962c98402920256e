/**
 * One call of our gRPC server, passed on to the predictor as bytes.
 *
 * G1 Every call takes a place of the limiter that HTTP uses too, and gives it back.
 * G2 The caller's deadline is heeded, and never more than REQUEST_TIMEOUT_MS.
 * G3 The predictor's own status is passed on unchanged; ours has the words of a problem document.
 * G4 A caller that goes away while it waits for a place is not passed on. One that goes away later
 *    keeps its place until the predictor has answered: calling and cancelling gains nobody more.
 * G5 One line is logged for each failure, with what the caller is told.
 */

import { Buffer } from 'node:buffer';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { failureFields, logFailure, nextOfCaller } from '../delivery/failure-line.ts';
import { headerOf } from '../delivery/header-list.ts';
import type { Limiter } from '../delivery/limiter.ts';
import type { Log, Now, PredictionAnswer } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import { grpcCode, grpcName } from '../inference/grpc-status.ts';
import { type CallMetadata, readMetadata, setPuid } from './metadata.ts';
import type { ServeUnary, UnaryCall } from './method.ts';
import { detailsOf, statusOf } from './status.ts';

export interface AnswerCallOptions {
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
}

export interface AnswerCallDeps {
  readonly call: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly now: Now;
  /** Whether new calls are refused: we are shutting down. */
  readonly draining: () => boolean;
  readonly log: Log;
  readonly served: (
    path: string,
    status: string,
    seconds: number,
    rawHeaders: readonly string[],
  ) => void;
}

/** What a message travels as between our edges and the predictor's client. */
const contentType = 'application/x-protobuf';
/** Who called it does not wait any more: it is told nothing. */
const cancelled = 'CANCELLED';

/** @param path the method served; @param target what the predictor is called by */
export function createAnswerCall(
  path: string,
  target: string,
  options: AnswerCallOptions,
  deps: AnswerCallDeps,
): ServeUnary {
  const { limiter, log } = deps;
  const logFault = (error: AdapterError, status: string, { head }: UnaryCall): void => {
    const traceparent = headerOf(head.rawHeaders, 'traceparent');
    const told = failureFields(error, { traceparent, next: nextOfCaller(status) });
    logFailure(log, error, { method: path, ...told, status }, 'the call');
  };

  /** @returns the status that the caller was told */
  const tell = (call: UnaryCall, result: PredictionAnswer, metadata: CallMetadata): string => {
    if (call.over()) return cancelled;
    const { reply } = metadata;
    setPuid(reply, result.puid ?? metadata.puid);
    if (result.status === 200) {
      call.reply(result.body, reply);
      return 'OK';
    }
    const fault = faultOfAnswer(result, result.where ?? options.predictorUrl + target);
    if (fault === undefined || result.statusName === undefined) throw fault ?? noStatus(path);
    const code = grpcCode(result.statusName);
    logFault(fault, grpcName(code), call);
    const words = Buffer.from(result.body).toString('utf8');
    const trailers = { ...statusOf(fault).metadata, ...reply };
    call.refuse({ code, details: detailsOf(words), metadata: trailers });
    return grpcName(code);
  };

  const serve = async (call: UnaryCall): Promise<void> => {
    const { rawHeaders, startedAt, deadline } = call.head;
    let status = cancelled;
    try {
      if (deps.draining()) throw shuttingDown();
      // As inPlace does it, without a promise more for each call.
      const waiting = limiter.acquire(deadline);
      if (waiting !== undefined) await waiting;
      try {
        if (!call.over()) {
          const metadata = readMetadata(rawHeaders);
          const { headers } = metadata;
          headers.push('content-type', contentType);
          const result = await deps.call({ path: target, headers, body: call.message, deadline });
          status = tell(call, result, metadata);
        }
      } finally {
        limiter.release();
      }
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      const told = statusOf(error);
      status = grpcName(told.code);
      logFault(error, status, call);
      call.refuse(told);
    }
    deps.served(path, status, (deps.now() - startedAt) / 1_000, rawHeaders);
  };

  return (call) => {
    serve(call).catch((error) => log.error({ method: path, err: error }, 'the adapter failed'));
  };
}

const shuttingDown = (): AdapterError =>
  new AdapterError('DRAINING', 'this instance is shutting down; send the call again');

const noStatus = (path: string): AdapterError =>
  new AdapterError('PREDICTOR_ANSWER_UNUSABLE', `${path} was answered without a gRPC status`);
