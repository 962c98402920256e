/**
 * Questions by REST paths, put to a server over gRPC.
 *
 * Q1 An answer becomes the JSON that the protocol has over REST.
 * Q2 A refusal is told with the HTTP status that means the same; a question that the server does not
 *    implement is told as such, with 501.
 */

import { Buffer } from 'node:buffer';
import { AdapterError } from '../errors.ts';
import { jsonType } from '../graph/message.ts';
import { faultOfAnswer } from '../inference/classify-answer.ts';
import type { GrpcInfo } from '../inference/grpc-info.ts';
import type { CallPredictor, PredictionAnswer } from './ports.ts';

/** How much of a server's own words an error repeats, in characters; no payload is in them. */
const maxQuote = 300;

/**
 * @param where for messages: the server
 * @param call calls it over gRPC
 */
export function createAskOverGrpc(
  where: string,
  { questionOf }: GrpcInfo,
  call: CallPredictor,
): CallPredictor {
  return async (asked) => {
    const { path, message, read } = questionOf(asked.path);
    const answer = await call({ ...asked, path, body: message });
    if (answer.status !== 200) throw refusal(answer, where, path);
    try {
      const { status, json } = read(answer.body);
      return { ...answer, status, contentType: jsonType, body: Buffer.from(JSON.stringify(json)) };
    } catch (cause) {
      throw new AdapterError(
        'PREDICTOR_ANSWER_UNUSABLE',
        `${where} answered ${path} with bytes that are no such message; look at what its server answers`,
        { cause },
      );
    }
  };
}

function refusal(answer: PredictionAnswer, where: string, path: string): AdapterError {
  const { status, statusName, retryAfterMs } = answer;
  const fault = faultOfAnswer(answer, `${where} at ${path}`);
  const words = Buffer.from(answer.body).toString('utf8').slice(0, maxQuote);
  const told = words === '' ? '' : `; it says: ${words.replace(/[\p{Cc}\s]+/gu, ' ')}`;
  if (statusName === 'UNIMPLEMENTED') {
    const message = `${where} does not implement ${path}, by which this would be asked over gRPC${told}`;
    return new AdapterError('PREDICTOR_MISCONFIGURED', message, { status });
  }
  const details = { status: status < 400 ? undefined : status, retryAfterMs };
  const { code, message } = fault ?? new AdapterError('PREDICTOR_FAILED', `${where} failed`);
  return new AdapterError(code, message + told, details);
}
