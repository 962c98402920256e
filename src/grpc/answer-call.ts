/**
 * One call of our gRPC server, passed on to the predictor as bytes.
 *
 * G1 Every call takes a place of the limiter that HTTP uses too, and gives it back.
 * G2 The caller's deadline is heeded, and never more than REQUEST_TIMEOUT_MS.
 * G3 The predictor's own status is passed on unchanged; ours has the words of a problem document.
 * G4 One line is logged for each failure, with what the caller is told.
 */

import { type ServerUnaryCall, type StatusObject, status } from '@grpc/grpc-js';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import { inPlace, type Limiter } from '../delivery/limiter.ts';
import type { Log, Now } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import { grpcCode } from '../inference/grpc-status.ts';
import { readMetadata, setPuid } from './metadata.ts';
import { detailsOf, statusOf } from './status.ts';
import type { ServeUnary } from './unary.ts';

export interface AnswerCallOptions {
  readonly requestTimeoutMs: number;
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
}

export interface AnswerCallDeps {
  readonly call: CallWithinDeadline;
  readonly limiter: Limiter;
  readonly now: Now;
  readonly wallClock: () => number;
  /** Whether new calls are refused: we are shutting down. */
  readonly draining: () => boolean;
  readonly log: Log;
  readonly served: (path: string, status: string, seconds: number) => void;
}

/** What a message travels as between our edges and the predictor's client. */
const contentType = 'application/x-protobuf';

/** @param path the method served; @param target what the predictor is called by */
export function createAnswerCall(
  path: string,
  target: string,
  options: AnswerCallOptions,
  deps: AnswerCallDeps,
): ServeUnary {
  const tell = (error: AdapterError): void => {
    const { code, fault, message, cause } = error;
    const fields = { method: path, code, fault, reason: message };
    if (code === 'INTERNAL') deps.log.error({ ...fields, err: cause }, 'the adapter failed');
    else if (fault === 'overload') deps.log.debug(fields, 'the call was turned away');
    else deps.log.warn(fields, 'the call was answered with an error');
  };

  /** @returns the message; undefined where the caller was told of a failure by `fail` */
  const answer = async (
    call: ServerUnaryCall<Buffer, Buffer>,
    started: number,
    fail: (told: StatusObject) => void,
  ): Promise<Buffer | undefined> => {
    if (deps.draining()) throw shuttingDown();
    const deadline = Math.min(
      started + options.requestTimeoutMs,
      started + (Number(call.getDeadline()) - deps.wallClock()),
    );
    const { puid, headers, reply } = readMetadata(call.metadata);
    headers.push('content-type', contentType);
    const prediction = { path: target, headers, body: call.request, deadline };
    const result = await inPlace(deps.limiter, deadline, deps.call, prediction);
    setPuid(reply, result.puid ?? puid);
    if (result.status === 200) {
      call.sendMetadata(reply);
      return result.body as Buffer;
    }
    const fault = faultOfAnswer(result, result.where ?? options.predictorUrl + target);
    if (fault === undefined || result.statusName === undefined) throw fault ?? noStatus(path);
    tell(fault);
    const { metadata } = statusOf(fault);
    metadata.merge(reply);
    const words = Buffer.from(result.body).toString('utf8');
    fail({ code: grpcCode(result.statusName), details: detailsOf(words), metadata });
    return undefined;
  };

  return (call, callback) => {
    const started = deps.now();
    const fail = (told: StatusObject): void => {
      callback(told);
      deps.served(path, status[told.code] ?? 'UNKNOWN', (deps.now() - started) / 1_000);
    };
    answer(call, started, fail).then(
      (message) => {
        if (message === undefined) return;
        callback(null, message);
        deps.served(path, 'OK', (deps.now() - started) / 1_000);
      },
      (thrown) => {
        const error = AdapterError.from(thrown);
        tell(error);
        fail(statusOf(error));
      },
    );
  };
}

const shuttingDown = (): AdapterError =>
  new AdapterError('DRAINING', 'this instance is shutting down; send the call again');

const noStatus = (path: string): AdapterError =>
  new AdapterError('PREDICTOR_ANSWER_UNUSABLE', `${path} was answered without a gRPC status`);
