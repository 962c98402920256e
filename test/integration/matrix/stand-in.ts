/** A predictor that does with each exchange what its row says, over REST or gRPC. */

import { Buffer } from 'node:buffer';
import { status } from '@grpc/grpc-js';
import { createGrpcPredictor } from '../../support/grpc-predictor.ts';
import { createRecordingPredictor } from '../../support/recording-predictor.ts';
import { markOf, type Transport } from './payloads.ts';

/** What it does with a call; `turnAwayOnce` answers when it is called again. */
export type Behaviour = 'answer' | 'refuse' | 'fail' | 'turnAwayOnce' | 'hang' | 'misconfigured';

export interface SeenCall {
  /** The path, or the method. */
  readonly path: string;
  readonly puid: string | undefined;
  readonly body: Buffer;
}

export interface StandIn {
  readonly url: string;
  /** By the mark of the exchange; what is not there is answered. */
  readonly behaviours: Map<string, Behaviour>;
  /** The calls of an exchange, in order. */
  readonly callsOf: (mark: string) => SeenCall[];
  readonly start: () => Promise<void>;
  /** Where it listened before, unless it still does. */
  readonly startAgain: () => Promise<void>;
  readonly stop: () => void;
}

/** The answer to an exchange, over REST and over gRPC: the latter is no UTF-8. */
export const answerTo = (transport: Transport, mark: string): Buffer =>
  transport === 'rest'
    ? Buffer.from(`{"answer" : "to ${mark}"}`)
    : Buffer.concat([Buffer.from([0x0a, 0x03, 0xff, 0x00, 0xfe]), Buffer.from(mark)]);

/** Its words where it does not answer. */
export const wordsOf = (behaviour: Behaviour): string => `${behaviour}, says the model`;

type Refusals = Readonly<Record<Exclude<Behaviour, 'answer' | 'hang'>, number>>;

const httpStatuses: Refusals = { refuse: 400, fail: 500, turnAwayOnce: 503, misconfigured: 404 };
const grpcStatuses: Refusals = {
  refuse: status.INVALID_ARGUMENT,
  fail: status.INTERNAL,
  turnAwayOnce: status.UNAVAILABLE,
  misconfigured: status.UNIMPLEMENTED,
};

/** What to do with the `nth` call of an exchange. */
function nowOf(behaviours: ReadonlyMap<string, Behaviour>, mark: string, nth: number): Behaviour {
  const behaviour = behaviours.get(mark) ?? 'answer';
  return behaviour === 'turnAwayOnce' && nth > 1 ? 'answer' : behaviour;
}

export const createStandIn = (transport: Transport): StandIn =>
  transport === 'rest' ? overRest() : overGrpc();

function overRest(): StandIn {
  const predictor = createRecordingPredictor();
  const behaviours = new Map<string, Behaviour>();
  const callsOf = (mark: string): SeenCall[] =>
    predictor.calls
      .filter(({ body }) => markOf(body) === mark)
      .map(({ path, headers, body }) => ({ path, puid: String(headers['seldon-puid']), body }));
  predictor.answer = ({ body }, response) => {
    const mark = markOf(body);
    const behaviour = nowOf(behaviours, mark, callsOf(mark).length);
    if (behaviour === 'hang') return;
    response.setHeader('content-type', 'application/json');
    if (behaviour === 'answer') response.end(answerTo('rest', mark));
    else response.writeHead(httpStatuses[behaviour]).end(JSON.stringify(wordsOf(behaviour)));
  };
  return standIn(predictor, behaviours, callsOf);
}

function overGrpc(): StandIn {
  const predictor = createGrpcPredictor();
  const behaviours = new Map<string, Behaviour>();
  const callsOf = (mark: string): SeenCall[] =>
    predictor.calls
      .filter(({ message }) => markOf(message) === mark)
      .map(({ path, metadata, message }) => ({
        path,
        puid: metadata.get('seldon-puid')[0]?.toString(),
        body: message,
      }));
  predictor.answer = ({ message }, reply) => {
    const mark = markOf(message);
    const behaviour = nowOf(behaviours, mark, callsOf(mark).length);
    if (behaviour === 'hang') return;
    if (behaviour === 'answer') reply(null, answerTo('grpc', mark));
    else reply({ code: grpcStatuses[behaviour], details: wordsOf(behaviour) });
  };
  return standIn(predictor, behaviours, callsOf);
}

/** What both kinds have in common. */
interface Listening {
  readonly port: number;
  readonly url: string;
  readonly start: (port?: number) => Promise<void>;
  readonly stop: () => void;
}

const standIn = (
  predictor: Listening,
  behaviours: StandIn['behaviours'],
  callsOf: StandIn['callsOf'],
): StandIn => {
  let isListening = false;
  const start = async (port?: number): Promise<void> => {
    if (isListening) return;
    await predictor.start(port);
    isListening = true;
  };
  return {
    get url() {
      return predictor.url;
    },
    behaviours,
    callsOf,
    start: () => start(),
    startAgain: () => start(predictor.port),
    stop: () => {
      isListening = false;
      predictor.stop();
    },
  };
};
