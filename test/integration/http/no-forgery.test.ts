/**
 * No address is ever taken from a request: whatever a caller names, nothing is connected to but the
 * predictor that the settings name (server-side request forgery).
 */

import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ceHeaders, irisPayloads, openAdapter, rawRequest } from '../../support/adapter.ts';
import { useGraphNodes } from '../../support/graph-nodes.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import { lines, raw } from './raw-requests.ts';

const predictor = useRecordingPredictor();
const nodes = useGraphNodes();
const body = irisPayloads.seldon;

/** A socket that nobody has a reason to connect to. */
let trap: Server;
let url = '';
let connections = 0;
beforeAll(async () => {
  trap = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const address = trap.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
beforeEach(() => {
  connections = 0;
});
afterAll(() => trap.close());

/** Headers that somewhere name where to go, to answer, or to fetch from. */
const names = [
  'Host',
  'Forwarded',
  'X-Forwarded-Host',
  'X-Forwarded-For',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-Host',
  'Referer',
  'Origin',
  'Location',
  'Content-Location',
  'Link',
  'Destination',
  'Alt-Svc',
  'Reply-To',
  'WebHook-Request-Origin',
  'WebHook-Request-Callback',
  'WebHook-Request-Rate',
  'Prefer',
  'Ce-Source',
  'Ce-Dataschema',
  'Ce-Subject',
  'Ce-Replyto',
  'Ce-Sink',
  'Ce-Callback',
  'Ce-Dataref',
  'Ce-Knativeerrordest',
  'Ce-Traceparent',
  'Seldon-Puid',
  'K-Sink',
  'Proxy-Connection',
  'Proxy-Authorization',
];

/** Every way in, with the trap's address wherever there may be one. */
function requests(): string[] {
  const host = url.slice('http://'.length);
  const event = lines(ceHeaders());
  const member = `"specversion":"1.0","id":"1","type":"t","source":"${url}/s","dataschema":"${url}/schema"`;
  const payloads = [
    body,
    JSON.stringify({
      data: { ndarray: [[url]] },
      meta: { requestPath: { m: url }, tags: { endpoint: url } },
    }),
    JSON.stringify({
      endpoint: { service_host: host },
      url,
      $ref: `${url}/x`,
      data_uri: url,
      jsonData: { $ref: url },
    }),
  ];
  const targets = [
    '/',
    '/api/v1.0/predictions',
    '/api/v1.0/feedback',
    `${url}/`,
    `${url}/api/v1.0/predictions`,
    `//${host}/`,
    `//${host}/api/v1.0/predictions`,
    `/@${host}/`,
    `/api/v1.0/predictions?url=${url}&callback=${url}`,
    `/v1/models/${encodeURIComponent(url)}:predict`,
    `/v2/models/${encodeURIComponent(`@${host}/`)}/infer`,
    `/v2/models/..%2f..%2f${host}/infer`,
  ];
  return [
    ...targets.flatMap((target) =>
      payloads.map((payload) => raw({ target, headers: event, body: payload })),
    ),
    ...targets.map((target) => raw({ target, headers: ['Content-Type: application/json'], body })),
    ...targets.map((target) => raw({ target, method: 'GET' })),
    ...names.flatMap((name) =>
      [url, host, `for=1;host=${host};proto=http`, `<${url}>; rel=next`].map((value) =>
        raw({
          headers: [
            ...event.filter((line) => !line.startsWith(name.toLowerCase())),
            `${name}: ${value}`,
          ],
          body,
        }),
      ),
    ),
    raw({
      headers: ['Content-Type: application/cloudevents+json'],
      body: `{${member},"data":${body}}`,
    }),
    raw({
      headers: ['Content-Type: application/cloudevents+json'],
      body: `{${member},"dataref":"${url}/data","replyto":"${url}"}`,
    }),
    raw({
      headers: ['Content-Type: application/cloudevents-batch+json'],
      body: `[{${member},"sink":"${url}","data":${body}}]`,
    }),
    raw({
      method: 'OPTIONS',
      headers: [`WebHook-Request-Origin: ${host}`, `WebHook-Request-Callback: ${url}/ok`],
    }),
    `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET ${url}/ HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n`,
  ];
}

describe('an address in a request', () => {
  test.each(['seldon', 'tensorflow', 'v2'])(
    'is connected to by nothing, with the %s protocol',
    async (protocol) => {
      const adapter = await openAdapter({
        SELDON_PROTOCOL: protocol,
        PREDICTOR_URL: predictor.url,
        REQUEST_TIMEOUT_MS: '2000',
      });
      for (const request of requests()) {
        const answer = await rawRequest(adapter.port, request);
        expect(answer.closed, request).toBe(true);
        expect(answer.text, request).not.toMatch(/^HTTP\/1\.1 500 /m);
      }
      expect(predictor.calls.length).toBeGreaterThan(0);
      expect(connections).toBe(0);
    },
  );

  test('is connected to by no node of a graph, nor by its payload logger', async () => {
    const ENGINE_PREDICTOR = await nodes.engine({
      name: 'r',
      type: 'ROUTER',
      children: [{ name: 'm', logger: { mode: 'all', url: predictor.url } }],
    });
    const adapter = await openAdapter({
      PREDICTOR_URL: '',
      ENGINE_PREDICTOR,
      REQUEST_TIMEOUT_MS: '2000',
    });
    for (const request of requests()) {
      const answer = await rawRequest(adapter.port, request);
      expect(answer.closed, request).toBe(true);
    }
    expect(nodes.calls.length).toBeGreaterThan(0);
    expect(connections).toBe(0);
  });

  test('that the predictor redirects to is not followed', async () => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url, CALL_RETRIES: '0' });
    for (const status of [301, 302, 303, 307, 308]) {
      predictor.answer = (_call, response) => {
        response.writeHead(status, { location: `${url}/elsewhere` }).end();
      };
      const answer = await rawRequest(adapter.port, raw({ headers: lines(ceHeaders()), body }));
      expect(answer.status).toBe(502);
    }
    expect(connections).toBe(0);
  });
});
