/**
 * Answers one request to the iris predictor: finds the protocol, then its route, applies the faults.
 *
 * 1. A request is answered once, and whatever its body is, it cannot end the process.
 * 2. A fault is applied after the whole body was read: the call has certainly reached the model.
 */

import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Counters } from './counters.ts';
import { type Faults, faultStatus, replaceSwitches } from './faults.ts';
import type { Answer, Codec, ModelState } from './protocols/codec.ts';
import { findCodec } from './protocols/find-codec.ts';
import { seldonCodec } from './protocols/seldon.ts';
import { parseJson, readBody } from './read-body.ts';

/** What all requests to one predictor share. */
export interface PredictorState {
  readonly faults: Faults;
  readonly counters: Counters;
  readonly modelName: string | undefined;
  readonly maxBodyBytes: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Target {
  readonly codec: Codec;
  readonly model: string;
}

/** Rejects only where the request breaks off, and nobody is left to answer. */
export async function serveRequest(state: PredictorState, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  state.counters.requests += 1;
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const codec = findCodec(path);
  const route = codec.findRoute(path);
  const model = route?.model ?? state.modelName ?? 'iris';
  const reply = (answer: Answer) => send(response, answer, state.faults);
  if (path === '/switches') return reply(await answerSwitches(state, request));
  if (path === '/counters') return reply({ status: 200, body: state.counters });
  if (route === undefined) return reply(codec.answerError(404, 'there is nothing at this path'));
  if (request.method !== (route.kind === 'predict' ? 'POST' : 'GET')) {
    return reply(codec.answerError(405, `${request.method} is not allowed here`));
  }
  if (state.modelName !== undefined && model !== state.modelName) {
    return reply(codec.answerError(404, `Servable not found: ${model}`));
  }
  if (route.kind === 'predict') return predict(state, { codec, model }, exchange);
  if (route.kind === 'metadata') return reply(codec.answerMetadata(route, model));
  reply(codec.answerHealth(route, modelState(state.faults), model));
}

async function predict(state: PredictorState, target: Target, { request, response }: Exchange) {
  const { counters, faults } = state;
  counters.concurrent += 1;
  counters.maxConcurrent = Math.max(counters.maxConcurrent, counters.concurrent);
  response.once('close', () => {
    counters.concurrent -= 1;
  });
  const puid = request.headers['seldon-puid'];
  if (puid !== undefined) response.setHeader('Seldon-Puid', puid);
  const body = await readBody(request, state.maxBodyBytes);
  if (body === undefined) {
    return send(response, target.codec.answerError(413, 'the body is too large'), faults);
  }
  counters.predictions += 1;
  const status = faultStatus(faults, body, counters.predictions);
  if (faults.delayMs) await sleep(faults.delayMs, undefined, { ref: false });
  if (faults.hang === true) return;
  if (faults.reset === true) return void request.socket.resetAndDestroy();
  const answer = status === undefined ? answerBody(target, body, faults) : failed(target, status);
  send(response, answer, faults, faults.bodyBytes);
}

const failed = ({ codec }: Target, status: number): Answer =>
  codec.answerError(status, 'made to fail by a switch');

function answerBody({ codec, model }: Target, body: Buffer, { answerText }: Faults): Answer {
  if (answerText !== undefined) return { status: 200, json: answerText };
  const parsed = parseJson(body);
  if (parsed === undefined) return codec.answerError(400, 'the body is not JSON');
  return codec.answerPrediction(parsed, model);
}

async function answerSwitches(state: PredictorState, request: IncomingMessage): Promise<Answer> {
  if (request.method === 'GET') return { status: 200, body: state.faults };
  if (request.method !== 'PUT') return seldonCodec.answerError(405, 'GET or PUT');
  const body = await readBody(request, state.maxBodyBytes);
  const problem = replaceSwitches(state.faults, body === undefined ? undefined : parseJson(body));
  if (problem !== undefined) return seldonCodec.answerError(400, problem);
  return { status: 200, body: state.faults };
}

function modelState(faults: Faults): ModelState {
  if (faults.loading === true) return 'loading';
  return faults.notReady === true ? 'unavailable' : 'available';
}

function send(response: ServerResponse, answer: Answer, faults: Faults, bodyBytes = 0): void {
  const isText = 'text' in answer;
  const unpadded = isText ? answer.text : jsonOf(answer);
  const missing = Math.max(0, bodyBytes - Buffer.byteLength(unpadded));
  const body = unpadded + ' '.repeat(missing);
  response.writeHead(answer.status, {
    ...faults.headers,
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

const jsonOf = (answer: Exclude<Answer, { text: string }>): string =>
  'json' in answer ? answer.json : JSON.stringify(answer.body);
