/** What reaches the predictor, and what of its answer comes back (design.md §3.1, §3.2). */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { recordedAnswer, useRecordingPredictor } from '../../support/recording-predictor.ts';

const predictor = useRecordingPredictor();

const called = (nth = 0) => {
  const call = predictor.calls[nth];
  if (call === undefined) throw new Error('the predictor was not called');
  return call;
};

const pathsAtPredictor = {
  seldon: '/predict',
  tensorflow: '/v1/models/iris:predict',
  v2: '/v2/models/iris/infer',
} as const;

/** JSON that any parsing and writing again would change. */
const touchyJson =
  '{ "id": 12345678901234567890, "x": 1.0e+2,\t"x": -0.0, "e": "\\u00e9\\/", "deep": [[[ ]]] }';

const structured = (data: string, more = ''): string =>
  `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${data}${more}}`;
const structuredType = { 'content-type': 'application/cloudevents+json' };
const batchType = { 'content-type': 'application/cloudevents-batch+json' };

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter(() => ({ SELDON_PROTOCOL: protocol, PREDICTOR_URL: predictor.url }));

  test("calls the protocol's path with the configured model", async () => {
    await send(adapter.url, { headers: ceHeaders(), body: '1' });
    expect(called()).toMatchObject({ method: 'POST', path: pathsAtPredictor[protocol] });
  });

  test.each([
    ['JSON as it was written', Buffer.from(`\n ${touchyJson} `)],
    ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['bytes that are not UTF-8', Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0x00])],
    ['one byte', Buffer.from([0])],
    ['a megabyte', Buffer.alloc(1 << 20, 'ab\r\n')],
  ])('binary mode and ordinary requests pass on %s', async (_what, body) => {
    const type = { 'content-type': 'application/x-anything; q="1"' };
    await send(adapter.url, { headers: ceHeaders(type), body });
    await send(adapter.url + predictionPaths[protocol], { headers: type, body });
    // Chunked is the same as whole.
    await send(adapter.url, {
      headers: ceHeaders(type),
      body: [body.subarray(0, 1), body.subarray(1)],
    });
    expect(predictor.calls.map((call) => call.body.equals(body))).toEqual([true, true, true]);
    expect(predictor.calls.map(({ headers }) => headers['content-type'])).toEqual(
      Array.from({ length: 3 }, () => type['content-type']),
    );
    expect(called().headers['content-length']).toBe(String(body.length));
  });

  test('structured and batched mode pass on the slice that is the data', async () => {
    await send(adapter.url, { headers: structuredType, body: structured(touchyJson) });
    const batch = `[ ${structured(touchyJson)} ,${structured('"x"')}]`;
    await send(adapter.url, { headers: batchType, body: batch });
    const bodies = predictor.calls.map(({ body }) => body.toString());
    expect(bodies).toEqual([touchyJson, touchyJson, '"x"']);
    expect(called().headers['content-type']).toBe('application/json');
  });

  test('structured mode decodes data_base64 to the bytes it stands for', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const body = `{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"application/octet-stream","data_base64":"${bytes.toString('base64')}"}`;
    await send(adapter.url, { headers: structuredType, body });
    expect(called().body.equals(bytes)).toBe(true);
    expect(called().headers['content-type']).toBe('application/octet-stream');
  });
});

describe('headers', () => {
  const adapter = useAdapter(() => ({ PREDICTOR_URL: predictor.url }));
  const plainPath = predictionPaths.seldon;

  test("an event's Seldon-Puid is the caller's on the way there and back", async () => {
    const answer = await send(adapter.url, {
      headers: { ...ceHeaders(), 'Seldon-Puid': 'mine-1' },
      body: '1',
    });
    expect(called().headers['seldon-puid']).toBe('mine-1');
    expect(answer.headers['seldon-puid']).toBe('mine-1');
  });

  test("without the caller's, the reply id is the Seldon-Puid", async () => {
    const answer = await send(adapter.url, { headers: ceHeaders(), body: '1' });
    expect(called().headers['seldon-puid']).toBe(answer.headers['ce-id']);
    expect(answer.headers['seldon-puid']).toBe(answer.headers['ce-id']);
  });

  test('a puid that the predictor gives comes back, an empty one does not', async () => {
    predictor.answer = (_call, response, nth) => {
      response.setHeader('Seldon-Puid', nth === 1 ? 'of-the-predictor' : '').end('{}');
    };
    const first = await send(adapter.url, { headers: ceHeaders(), body: '1' });
    expect(first.headers['seldon-puid']).toBe('of-the-predictor');
    const second = await send(adapter.url, { headers: ceHeaders(), body: '1' });
    expect(second.headers['seldon-puid']).toBe(second.headers['ce-id']);
  });

  test('ordinary requests carry a Seldon-Puid too', async () => {
    const given = await send(adapter.url + plainPath, {
      headers: { 'Seldon-Puid': 'p' },
      body: '1',
    });
    expect(called(0).headers['seldon-puid']).toBe('p');
    expect(given.status).toBe(200);
    await send(adapter.url + plainPath, { body: '1' });
    expect(called(1).headers['seldon-puid']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("an event's traces reach the predictor: those of the transport, else the event's own", async () => {
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const own = { 'ce-traceparent': '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00' };
    const b3 = { 'x-b3-traceid': '463ac35c9f6413ad', 'x-request-id': 'r1' };
    await send(adapter.url, { headers: { ...ceHeaders(own), ...trace, ...b3 }, body: '1' });
    await send(adapter.url, { headers: ceHeaders(own), body: '1' });
    expect(called(0).headers).toMatchObject({ ...trace, ...b3 });
    expect(called(1).headers['traceparent']).toBe(own['ce-traceparent']);
  });

  test("an event's other headers stay here: no attribute, credential or cookie is passed on", async () => {
    const headers = ceHeaders({
      authorization: 'Bearer secret',
      cookie: 'a=b',
      prefer: 'reply',
      'kn-namespace': 'n',
      'ce-mine': 'x',
    });
    await send(adapter.url, { headers, body: '1' });
    expect(Object.keys(called().headers).sort()).toEqual(
      ['connection', 'content-length', 'content-type', 'host', 'seldon-puid'].sort(),
    );
  });

  test('an ordinary request keeps its headers, but for those of its connection', async () => {
    const headers = {
      authorization: 'Bearer for-the-model',
      'x-custom': 'x',
      'accept-encoding': 'gzip',
      'x-hop': 'dropped',
      te: 'trailers',
      'keep-alive': 'timeout=5',
      connection: 'close, X-Hop',
    };
    await send(adapter.url + plainPath, { headers, body: '1' });
    expect(called().headers).toMatchObject({
      authorization: 'Bearer for-the-model',
      'x-custom': 'x',
      'accept-encoding': 'gzip',
    });
    for (const name of ['x-hop', 'te', 'transfer-encoding']) {
      expect(called().headers).not.toHaveProperty(name);
    }
    expect(called().headers['host']).toBe(new URL(predictor.url).host);
  });

  test("the predictor's own ce-* headers never leak, neither with events nor ordinary requests", async () => {
    predictor.answer = (_call, response) => {
      for (const name of ['specversion', 'id', 'source', 'type', 'inference', 'subject']) {
        response.setHeader(`Ce-${name}`, 'of-the-predictor');
      }
      response.setHeader('Set-Cookie', 'a=b').setHeader('X-Internal', 'of-the-predictor').end('{}');
    };
    const event = await send(adapter.url, { headers: ceHeaders(), body: '1' });
    const plain = await send(adapter.url + plainPath, { body: '1' });
    expect([event.status, plain.status]).toEqual([200, 200]);
    expect(JSON.stringify([event.rawHeaders, plain.rawHeaders])).not.toContain('of-the-predictor');
    expect(event.headers).not.toHaveProperty('ce-inference');
  });

  test('the answer is the payload of the reply byte for byte, in every form', async () => {
    const answer = ` ${touchyJson}\n`;
    predictor.answer = (_call, response) => {
      response.setHeader('Content-Type', 'application/json; charset=utf-8').end(answer);
    };
    const binary = await send(adapter.url, { headers: ceHeaders(), body: '1' });
    expect(binary.text).toBe(answer);
    expect(binary.headers['content-type']).toBe('application/json; charset=utf-8');
    const inEnvelope = `"datacontenttype":"application/json; charset=utf-8"`;
    const one = await send(adapter.url, { headers: structuredType, body: structured('1') });
    expect(one.text).toContain(`"data":${touchyJson}}`);
    expect(one.text).toContain(inEnvelope);
    const batch = await send(adapter.url, { headers: batchType, body: `[${structured('1')}]` });
    expect(batch.text).toContain(`"data":${touchyJson}}]`);
  });

  test('an answer that is not what its content type says still makes a valid structured reply', async () => {
    predictor.answer = (_call, response) => {
      response.setHeader('Content-Type', 'application/json').end('not JSON');
    };
    const reply = await send(adapter.url, { headers: structuredType, body: structured('1') });
    expect(reply.status).toBe(200);
    expect(Buffer.from(String(reply.json()['data_base64']), 'base64').toString()).toBe('not JSON');
  });

  test.each(['json', 'text/html; charset', 'a/b; x="é"', ''])(
    'an answer with the content type "%s" is replied as JSON: the reply stays a valid event',
    async (type) => {
      predictor.answer = (_call, response) => {
        if (type !== '') response.setHeader('Content-Type', type);
        response.end(recordedAnswer);
      };
      const reply = await send(adapter.url, { headers: ceHeaders(), body: '1' });
      expect(reply.status).toBe(200);
      expect(reply.headers['content-type']).toBe('application/json');
    },
  );

  test('an answer in a content encoding is no payload that an event could carry', async () => {
    predictor.answer = (_call, response) => {
      response.setHeader('Content-Encoding', 'gzip').end('\x1f\x8b');
    };
    const event = await send(adapter.url, { headers: ceHeaders(), body: '1' });
    expect(event.status).toBe(502);
    expect(event.json()).toMatchObject({ code: 'PREDICTOR_ANSWER_UNUSABLE' });
    // Whoever makes an ordinary request asked for it with Accept-Encoding.
    const plain = await send(adapter.url + plainPath, { body: '1' });
    expect(plain.headers['content-encoding']).toBe('gzip');
    expect(plain.body).toEqual(Buffer.from('\x1f\x8b', 'utf8'));
  });

  test.each(['text/plain; x="é"', 'text/plain; x="\r\nInjected: 1"', 'text/plain; x="\u{1F33C}"'])(
    'datacontenttype %j, which no HTTP header can carry, is refused before anything is called',
    async (datacontenttype) => {
      const body = structured('"x"', `,"datacontenttype":${JSON.stringify(datacontenttype)}`);
      const answer = await send(adapter.url, { headers: structuredType, body });
      expect(answer.status).toBe(400);
      expect(predictor.calls).toEqual([]);
    },
  );
});

test.each([
  ['', '/predict'],
  ['/', '/predict'],
  ['/base', '/base/predict'],
  ['/a/b/', '/a/b/predict'],
])("a path in PREDICTOR_URL (%j) stands before the protocol's own", async (path, expected) => {
  const adapter = await openAdapter({ PREDICTOR_URL: predictor.url + path });
  await send(adapter.url, { headers: ceHeaders(), body: '1' });
  expect(called().path).toBe(expected);
});
