/**
 * Feedback that came as a protobuf, for nodes that are called over REST: its JSON is what they take,
 * and their answer becomes a protobuf again.
 */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { asBuffer } from '../event/utf8.ts';
import { jsonType, protobufType } from '../graph/message.ts';
import type { CallWithinDeadline, DeadlineCall } from './call-within-deadline.ts';
import type { PredictionAnswer } from './ports.ts';

/** Seldon's messages in their two forms; both throw where something is none. */
export interface MessageForms {
  readonly jsonOf: (name: 'Feedback', bytes: Uint8Array) => unknown;
  readonly bytesOf: (name: 'SeldonMessage', json: unknown) => Uint8Array;
}

/** Of one connection, or of the body: what metadata must not say of an HTTP request. */
const notForRest =
  /^(?:connection|content-.*|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;

/**
 * @param feedback takes JSON
 * @returns the same for protobufs; it throws REQUEST_MALFORMED where one is no Feedback, and
 *   PREDICTOR_ANSWER_UNUSABLE where a node answered with what is no SeldonMessage
 */
export function createTranslatedFeedback(
  feedback: CallWithinDeadline,
  forms: MessageForms,
): CallWithinDeadline {
  return async (call) => {
    const answer = await feedback({
      ...call,
      headers: headersOf(call),
      body: jsonBody(call, forms),
    });
    const isSuccess = answer.status >= 200 && answer.status < 300;
    if (!isSuccess) return answer;
    return { ...answer, contentType: protobufType, body: protobufBody(answer, forms) };
  };
}

function headersOf({ headers }: DeadlineCall): string[] {
  const kept: string[] = ['content-type', jsonType];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = headers.slice(i, i + 2);
    if (!notForRest.test(name)) kept.push(name, value);
  }
  return kept;
}

function jsonBody({ body }: DeadlineCall, { jsonOf }: MessageForms): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(jsonOf('Feedback', body)));
  } catch (cause) {
    const message = 'feedback is no seldon.protos.Feedback; send the bytes of one';
    throw new AdapterError('REQUEST_MALFORMED', message, { cause });
  }
}

function protobufBody({ body }: PredictionAnswer, { bytesOf }: MessageForms): Uint8Array {
  try {
    return bytesOf('SeldonMessage', JSON.parse(asBuffer(body).toString('utf8')));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AdapterError(
      'PREDICTOR_ANSWER_UNUSABLE',
      `the answer to the feedback is no SeldonMessage (${reason}), and cannot be told over gRPC; let the nodes answer /send-feedback with one`,
      { cause },
    );
  }
}
