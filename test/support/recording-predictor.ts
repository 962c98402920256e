/** A predictor that keeps every call as it came, and answers as a test says; on a real socket. */

import { Buffer } from 'node:buffer';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll } from 'vitest';

export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<IncomingMessage['headers']>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export type AnswerCall = (call: RecordedCall, response: ServerResponse, nth: number) => void;

export interface RecordingPredictor {
  readonly port: number;
  readonly url: string;
  /** Predictions and callers' questions, not the readiness probes. */
  readonly calls: RecordedCall[];
  /** The status that its health routes answer with. */
  health: number;
  /** Set it to answer otherwise; it is put back after each test. */
  answer: AnswerCall;
  readonly start: (port?: number) => Promise<void>;
  /** Ends every connection. */
  readonly stop: () => void;
}

/** What it answers by default. */
export const recordedAnswer = '{"answer":"by the recording predictor"}';

const byDefault: AnswerCall = (_call, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(recordedAnswer);
};

/** One predictor for all tests of the file; calls are forgotten after each. */
export function useRecordingPredictor(): RecordingPredictor {
  const predictor = createRecordingPredictor();
  beforeAll(() => predictor.start());
  afterEach(() => {
    predictor.calls.length = 0;
    predictor.answer = byDefault;
    predictor.health = 200;
  });
  afterAll(() => predictor.stop());
  return predictor;
}

/** One that does not listen yet. */
export function createRecordingPredictor(): RecordingPredictor {
  const calls: RecordedCall[] = [];
  let server: Server | undefined;
  let port = 0;
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers, rawHeaders } = request;
      const isProbe = method === 'GET' && headers['seldon-puid'] === undefined;
      if (isProbe) return void response.writeHead(predictor.health).end();
      const call = { method, path, headers, rawHeaders, body: Buffer.concat(chunks) };
      calls.push(call);
      predictor.answer(call, response, calls.length);
    });
  };
  const predictor: RecordingPredictor = {
    get port() {
      return port;
    },
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    calls,
    answer: byDefault,
    health: 200,
    start: (wanted = 0) =>
      new Promise((resolve, reject) => {
        const made = createServer(listener);
        made.once('error', reject);
        made.listen(wanted, '127.0.0.1', () => {
          port = (made.address() as AddressInfo).port;
          server = made;
          resolve();
        });
      }),
    stop: () => {
      server?.close();
      server?.closeAllConnections();
    },
  };
  return predictor;
}
