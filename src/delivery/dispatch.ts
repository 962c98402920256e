/**
 * One input in, one Outcome out: what HTTP and Kafka share.
 *
 *   input ─▶ own reply type, unwanted type? ─▶ skipped
 *        ├─▶ feedback? ─▶ accepted
 *        └─▶ payload? ─▶ predictor ─▶ fault of the answer? ─▶ failed
 *                                  └─▶ reply event ─▶ replied
 *
 * D1 It never rejects: whatever happens is an Outcome.
 * D2 The payload goes to the predictor byte for byte.
 */

import { AdapterError } from '../errors.ts';
import type { Identity } from '../event/names.ts';
import type { Origin, ReplyFactory } from '../event/reply.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { Target, TargetOf } from '../inference/targets.ts';
import type { CallWithinDeadline } from './call-within-deadline.ts';
import { createHandlingOf, handlingOfInput } from './handling.ts';
import type { Outcome } from './outcome.ts';
import type { PredictionAnswer } from './ports.ts';
import { transportTrace } from './trace-headers.ts';

export interface DispatchOptions {
  readonly identity: Identity;
  /** What a payload is called by. */
  readonly targetOf: TargetOf;
  /** What feedback is called by. */
  readonly feedbackTargetOf: TargetOf;
  /** The configured model; a route that names one overrides it. */
  readonly model: string | undefined;
  /** For messages: where the predictor is. */
  readonly predictorUrl: string;
  /** Event types to take; empty means any. */
  readonly eventTypes: ReadonlySet<string>;
  readonly responseId: 'derived' | 'puid' | 'random';
}

export interface DispatchDeps {
  readonly call: CallWithinDeadline;
  /** Takes feedback where it belongs; its `path` says nothing. */
  readonly feedback: CallWithinDeadline;
  readonly replies: ReplyFactory;
  /** The time of day, in ms since the epoch. */
  readonly wallClock: () => number;
  readonly randomId: () => string;
}

/** One thing to predict on. */
export interface Input {
  readonly origin: Origin;
  readonly payload: Uint8Array | undefined;
  readonly contentType: string | undefined;
  /** Full name of the protobuf message that the payload is, where one was given. */
  readonly protoName?: string | undefined;
  /** The model that the route names, where it names one. */
  readonly model: string | undefined;
  /** The caller's `Seldon-Puid`. */
  readonly puid: string | undefined;
  /** Further headers for the predictor: alternating names and values. */
  readonly headers: readonly string[];
  /** On the clock of the core. */
  readonly deadline: number;
  /** It came where only feedback is taken: its type does not matter. */
  readonly isFeedback?: boolean | undefined;
}

export type Dispatch = (input: Input) => Promise<Outcome>;

/** Makes the dispatch function of one predictor. */
export function createDispatch(options: DispatchOptions, deps: DispatchDeps): Dispatch {
  const { targetOf } = options;
  const handlingOf = createHandlingOf(options);
  const timestamp = createTimestamps(deps.wallClock);

  const predict = async (
    input: Input,
    payload: Uint8Array,
    { path, contentType, namesOtherModel }: Target,
    replyId: string,
  ): Promise<PredictionAnswer> => {
    const headers = predictionHeaders(input, contentType, replyId);
    const answer = await deps.call({ path, headers, body: payload, deadline: input.deadline });
    const fault = faultIn(answer, options.predictorUrl + path);
    if (fault === undefined) return answer;
    const isOwnFault = answer.status === 404 && namesOtherModel?.(payload) === true;
    throw isOwnFault ? otherModel(options.model, fault) : fault;
  };

  const takeFeedback = async (input: Input): Promise<Outcome> => {
    const { payload, origin, deadline } = input;
    if (payload === undefined || payload.byteLength === 0) throw payloadMissing();
    const replyId = deps.replies.id(origin, options.model);
    const { path, contentType } = options.feedbackTargetOf(input);
    const headers = predictionHeaders(input, contentType, replyId);
    const answer = await deps.feedback({ path, headers, body: payload, deadline });
    const fault = faultIn(answer, options.predictorUrl);
    if (fault !== undefined) throw fault;
    return { kind: 'accepted' };
  };

  const replyId = (derived: string, puid: string): string => {
    if (options.responseId === 'derived') return derived;
    return options.responseId === 'puid' ? puid : deps.randomId();
  };

  const reply = async (input: Input): Promise<Outcome> => {
    const { origin, payload } = input;
    if (payload === undefined || payload.byteLength === 0) throw payloadMissing();
    const target = targetOf(input);
    const derived = deps.replies.id(origin, input.model ?? options.model);
    const answer = await predict(input, payload, target, derived);
    const puid = input.puid ?? answer.puid ?? derived;
    const event = deps.replies.reply(origin, {
      id: replyId(derived, puid),
      time: timestamp(),
      contentType: answer.contentType,
      body: answer.body,
      protoName: target.replyName,
      trace: transportTrace(input.headers),
    });
    return { kind: 'replied', reply: event, puid, protoName: target.replyName };
  };

  return async (input) => {
    const handling = handlingOfInput(input, handlingOf);
    if (handling === 'own-type' || handling === 'unwanted-type') {
      return { kind: 'skipped', reason: handling };
    }
    try {
      return await (handling === 'feedback' ? takeFeedback(input) : reply(input));
    } catch (error) {
      return { kind: 'failed', error: AdapterError.from(error) };
    }
  };
}

function predictionHeaders(input: Input, contentType: string, replyId: string): string[] {
  return ['content-type', contentType, 'seldon-puid', input.puid ?? replyId, ...input.headers];
}

/** Where a node's address and paths come from. */
const nodeSettings = "the node's endpoint in ENGINE_PREDICTOR and SELDON_PROTOCOL";

/** @param here where the predictor is, for an answer that does not say whose it is */
const faultIn = (answer: PredictionAnswer, here: string): AdapterError | undefined =>
  answer.where === undefined
    ? faultOfAnswer(answer, here)
    : faultOfAnswer(answer, answer.where, nodeSettings);

const payloadMissing = (): AdapterError =>
  new AdapterError(
    'PAYLOAD_MISSING',
    'the input has no payload; send the prediction request as the body (binary mode) or as "data" (structured mode)',
  );

const otherModel = (model: string | undefined, { message, problems }: AdapterError): AdapterError =>
  new AdapterError(
    'PREDICTOR_REFUSED',
    `${message}; but the payload names another model than MODEL_NAME, ${model}: name that one`,
    { problems },
  );

/** RFC 3339 texts of now; under load many replies share a millisecond, and so its text. */
function createTimestamps(wallClock: () => number): () => string {
  let at = Number.NaN;
  let text = '';
  return () => {
    const now = wallClock();
    if (now !== at) {
      at = now;
      text = new Date(now).toISOString();
    }
    return text;
  };
}
