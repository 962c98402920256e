/** How often the predictor is called, and over how many connections. */

import { Agent, createServer, request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

const body = irisPayloads.seldon;
const event = { headers: ceHeaders(), body };
const plainPath = predictionPaths.seldon;

describe('calls of the predictor', () => {
  const predictor = useRecordingPredictor();
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url, REQUEST_TIMEOUT_MS: '5000' }));

  test.each([429, 503])('%i: a call that was turned away is made again', async (status) => {
    predictor.answer = (_call, response, nth) => {
      response.writeHead(nth < 3 ? status : 200).end('{}');
    };
    expect((await send(adapter.url, event)).status).toBe(200);
    expect(predictor.calls.length).toBe(3);
    // Every attempt is the same call.
    const puids = predictor.calls.map(({ headers }) => headers['seldon-puid']);
    expect(new Set(puids).size).toBe(1);
    expect(predictor.calls.every((call) => call.body.toString() === body)).toBe(true);
  });

  test('Retry-After of the predictor is honoured', async () => {
    let busyUntil = 0;
    predictor.answer = (_call, response, nth) => {
      if (nth === 1) busyUntil = performance.now() + 950;
      const busy = performance.now() < busyUntil;
      response.writeHead(busy ? 503 : 200, { 'Retry-After': '1' }).end('{}');
    };
    expect((await send(adapter.url, event)).status).toBe(200);
    // Whoever comes back earlier is turned away once more.
    expect(predictor.calls.length).toBe(2);
  });

  test('Retry-After beyond the deadline: the refusal stands, nothing waits in vain', async () => {
    predictor.answer = (_call, response) => {
      response.writeHead(503, { 'Retry-After': '3600' }).end('{}');
    };
    const answer = await send(adapter.url, event);
    expect(answer.json()).toMatchObject({ code: 'PREDICTOR_BUSY', status: 502 });
    expect(predictor.calls.length).toBe(1);
    const plain = await send(adapter.url + plainPath, { body });
    expect([plain.status, plain.headers['retry-after']]).toEqual([503, '3600']);
  });

  test('the number of repeats is bounded', async () => {
    predictor.answer = (_call, response) => void response.writeHead(503).end('{}');
    await send(adapter.url, event);
    expect(predictor.calls.length).toBeLessThanOrEqual(4);
  });

  test.each([200, 400, 404, 408, 425, 500, 502, 504])('%i: a call is made once', async (status) => {
    predictor.answer = (_call, response) => void response.writeHead(status).end('{}');
    await send(adapter.url, event);
    await send(adapter.url + plainPath, { body });
    expect(predictor.calls.length).toBe(2);
  });

  test('a call that may have reached the model is made once, however the connection ends', async () => {
    predictor.answer = (_call, response, nth) => {
      if (nth === 1) response.socket?.resetAndDestroy();
      else response.socket?.end();
    };
    await send(adapter.url, event);
    await send(adapter.url, event);
    expect(predictor.calls.length).toBe(2);
  });

  // As uvicorn does it after an exception of the model, some time later and without a word.
  test('a connection on which 500 came is not used again: the call after it is not lost', async () => {
    let condemned: unknown;
    predictor.answer = (_call, response, nth) => {
      const { socket } = response;
      if (socket === condemned) socket?.destroy();
      else if (nth % 2 === 0) response.end('{}');
      else {
        condemned = socket;
        response.writeHead(500, { 'Content-Length': '4' }).write('no');
        setTimeout(() => response.end('!!'), 5);
      }
    };
    for (let i = 0; i < 3; i += 1) {
      const failed = await send(adapter.url + plainPath, { body });
      expect([failed.status, failed.text]).toEqual([500, 'no!!']);
      expect((await send(adapter.url, event)).status).toBe(200);
    }
  });

  test('a predictor that comes up while the deadline allows is reached', async () => {
    const placeholder = createServer();
    await new Promise<void>((resolve) => placeholder.listen(0, '127.0.0.1', resolve));
    const { port } = placeholder.address() as { port: number };
    await new Promise((resolve) => placeholder.close(resolve));
    const late = await openAdapter({ PREDICTOR_URL: `http://127.0.0.1:${port}` });
    const answer = send(late.url, event);
    const server = createServer((incoming, response) =>
      incoming.resume().on('end', () => response.end('{}')),
    );
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect((await answer).status).toBe(200);
  });
});

test.each(protocolNames)(
  '%s: connections to the predictor are kept: 200 requests in a row need no more than two',
  async (protocol) => {
    const adapter = await openAdapter({
      SELDON_PROTOCOL: protocol,
      READINESS_INTERVAL_MS: '60000',
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 200);
    for (let i = 0; i < 200; i += 1) {
      const status = await new Promise((resolve, reject) => {
        const outgoing = request(adapter.url, { method: 'POST', agent, headers: ceHeaders() });
        outgoing.on('response', (incoming) => {
          incoming.resume().on('end', () => resolve(incoming.statusCode));
        });
        outgoing.on('error', reject);
        outgoing.end(irisPayloads[protocol]);
      });
      expect(status).toBe(200);
    }
    expect(adapter.iris.counters.predictions).toBe(200);
    expect(adapter.iris.counters.connections).toBeLessThanOrEqual(2);
  },
);
