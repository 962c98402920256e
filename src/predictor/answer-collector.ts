/**
 * Collects one answer of the predictor, or says in our own terms why there is none.
 *
 * A1 It settles once: by the answer, an error, or the timer, whichever comes first.
 * A2 `reached` is false only where the call was never written to a connection.
 * A3 A connection on which 500 came is not used again: uvicorn, which most Python servers run on,
 *    closes it after an exception of the model without saying so, and the next call would be lost.
 */

import type { Dispatcher } from 'undici';
import type { PredictionAnswer } from '../delivery/ports.ts';
import { retryAfterMs } from '../delivery/retry-after.ts';
import { AdapterError } from '../errors.ts';

export interface CollectorOptions {
  /** For messages: the URL called. */
  readonly where: string;
  /** For messages: what says where that is. */
  readonly setting: string;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly resolve: (answer: PredictionAnswer) => void;
  readonly reject: (error: AdapterError) => void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Makes the handler of one call; its timer starts now. */
export function createAnswerCollector(options: CollectorOptions): Dispatcher.DispatchHandler {
  const { where, maxAnswerBytes } = options;
  let controller: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: Headers = {};
  let chunks: Buffer[] = [];
  let bytes = 0;
  let settled = false;

  const fail = (error: AdapterError): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    controller?.abort(error);
    options.reject(error);
  };

  const timer = setTimeout(() => {
    const message = `${where} did not answer within ${Math.round(options.timeoutMs)} ms; raise ATTEMPT_TIMEOUT_MS or REQUEST_TIMEOUT_MS, or make the predictor faster`;
    fail(new AdapterError('DEADLINE_EXCEEDED', message, { reached: controller !== undefined }));
  }, options.timeoutMs);

  const finish = (): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    options.resolve(answerOf(status, headers, chunks));
  };

  return {
    onRequestStart: (started) => {
      controller = started;
      if (settled) started.abort(new Error('the call was given up'));
    },
    onResponseStart: (_controller, statusCode, responseHeaders) => {
      status = statusCode;
      headers = responseHeaders;
      // An interim answer (1xx) may come before: only what follows the last one counts.
      chunks = [];
    },
    onResponseData: (_controller, chunk) => {
      bytes += chunk.length;
      if (bytes <= maxAnswerBytes) chunks.push(chunk);
      else return fail(tooLarge(where, maxAnswerBytes));
      if (status === 500 && bytes === Number(first(headers['content-length']))) {
        finish();
        controller?.abort(new Error('the predictor failed'));
      }
    },
    onResponseEnd: finish,
    onResponseError: (_controller, error) => {
      fail(connectionFault(options, error, controller !== undefined));
    },
  };
}

function answerOf(status: number, headers: Headers, chunks: Buffer[]): PredictionAnswer {
  const [only] = chunks;
  return {
    status,
    contentType: first(headers['content-type']),
    contentEncoding: first(headers['content-encoding']),
    headLength: first(headers['inference-header-content-length']),
    puid: first(headers['seldon-puid']) || undefined,
    retryAfterMs: retryAfterMs(first(headers['retry-after']), Date.now()),
    body: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks),
  };
}

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

const tooLarge = (where: string, maxAnswerBytes: number): AdapterError =>
  new AdapterError(
    'PREDICTOR_ANSWER_UNUSABLE',
    `the answer of ${where} is larger than ${maxAnswerBytes} bytes; raise MAX_ANSWER_BYTES`,
  );

function connectionFault(
  { where, setting }: CollectorOptions,
  error: Error,
  reached: boolean,
): AdapterError {
  const reason = error.message || String((error as NodeJS.ErrnoException).code);
  return reached
    ? new AdapterError(
        'PREDICTOR_FAILED',
        `the connection to ${where} was lost before it answered (${reason}); look at the predictor's log`,
        { cause: error },
      )
    : new AdapterError(
        'PREDICTOR_UNREACHABLE',
        `${where} cannot be reached (${reason}); check ${setting} and that the predictor runs`,
        { cause: error, reached: false },
      );
}
