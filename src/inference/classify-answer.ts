/**
 * What a predictor's HTTP status means for the input that it was given (design.md §3.3).
 *
 * Statuses that the table does not name: another 4xx judges the request, so it is the record's
 * fault; a 3xx means that the address is wrong, so it is the deployment's.
 */

import { AdapterError, type ErrorCode, errorCodes, type Fault, type Problem } from '../errors.ts';

/** 4xx that speak of the deployment, not of the record. 501 joins them. */
const deploymentStatuses = new Set([401, 403, 404, 405, 407, 501]);
/** 4xx that may succeed when tried again. */
const transientStatuses = new Set([408, 425, 429]);
/** Statuses of a refusal that the caller is told unchanged; any other becomes 422. */
const passedOn = new Set([400, 413, 415, 422]);
/** How much of the predictor's own words an error repeats, in bytes. */
const maxQuote = 300;

export interface StatusAnswer {
  readonly status: number;
  /** How gRPC calls it. */
  readonly statusName?: string | undefined;
  readonly body: Uint8Array;
  /** The predictor's Retry-After, in ms. */
  readonly retryAfterMs: number | undefined;
  readonly contentEncoding?: string | undefined;
}

/**
 * @param where the predictor's address and path, for the message
 * @param settings what says where and how it is called, for the message
 * @returns the error that the answer stands for; undefined where it is a usable prediction
 */
export function faultOfAnswer(
  answer: StatusAnswer,
  where: string,
  settings = 'PREDICTOR_URL, SELDON_PROTOCOL and MODEL_NAME',
): AdapterError | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    const flaw = flawOf(answer);
    if (flaw === undefined) return undefined;
    return new AdapterError('PREDICTOR_ANSWER_UNUSABLE', `${where} answered ${status} ${flaw}`);
  }
  const code = codeOf(status);
  return new AdapterError(code, messages[code](where, answer.statusName ?? status, settings), {
    problems: wordsOf(answer.body),
    status: code === 'PREDICTOR_REFUSED' && passedOn.has(status) ? status : undefined,
    retryAfterMs: answer.retryAfterMs,
  });
}

/** The class of fault that a status stands for, where it is no success. */
export const faultOfStatus = (status: number): Fault => errorCodes[codeOf(status)].fault;

/** Why a successful answer cannot be the payload of an event, which says nothing of encodings. */
function flawOf({ body, contentEncoding }: StatusAnswer): string | undefined {
  if (body.byteLength === 0) return 'without a body; a prediction was expected';
  if (contentEncoding === undefined || /^(?:identity)?$/i.test(contentEncoding)) return undefined;
  return `with the content encoding ${contentEncoding}, though none was asked for; turn compression off there`;
}

type AnswerCode = Extract<
  ErrorCode,
  'PREDICTOR_REFUSED' | 'PREDICTOR_MISCONFIGURED' | 'PREDICTOR_BUSY' | 'PREDICTOR_FAILED'
>;

function codeOf(status: number): AnswerCode {
  if (deploymentStatuses.has(status) || status < 400) return 'PREDICTOR_MISCONFIGURED';
  if (status === 429 || status === 503) return 'PREDICTOR_BUSY';
  if (status >= 500 || transientStatuses.has(status)) return 'PREDICTOR_FAILED';
  return 'PREDICTOR_REFUSED';
}

const messages: Record<
  AnswerCode,
  (where: string, status: string | number, settings: string) => string
> = {
  PREDICTOR_REFUSED: (where, status) =>
    `${where} refused the payload with ${status}; mend the payload and send it again`,
  PREDICTOR_MISCONFIGURED: (where, status, settings) =>
    `${where} answered ${status}; check ${settings}, and that the model is loaded`,
  PREDICTOR_BUSY: (where, status) =>
    `${where} turned the call away with ${status}; it is overloaded or still starting`,
  PREDICTOR_FAILED: (where, status) =>
    `${where} failed with ${status}; look at the predictor's log`,
};

/**
 * The predictor's own words, on one line, so that the sender need not look them up elsewhere. Many
 * predictors repeat the payload in them, so they must not stand in the message, which is logged.
 */
function wordsOf(body: Uint8Array): Problem[] {
  const text = Buffer.from(body.subarray(0, maxQuote)).toString('utf8');
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  if (line === '') return [];
  return [{ where: 'predictor', reason: body.byteLength > maxQuote ? `${line}…` : line }];
}
