/** Reply events over HTTP, attribute by attribute (design.md §3.2). */

import { describe, expect, test } from 'vitest';
import {
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { type EventToSend, forms, inForm, replyOf, specversions } from './forms.ts';

const uuid8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const eventFor = (
  data: string,
  attributes: Readonly<Record<string, string>> = {},
): EventToSend => ({
  attributes: {
    specversion: '1.0',
    id: 'event-1',
    source: '/tests/reply',
    type: 'test.request',
    ...attributes,
  },
  data,
});

const predicted: Readonly<Record<string, RegExp>> = {
  seldon: /"ndarray":\[\[0\.98/,
  tensorflow: /"predictions":\[\[0\.98/,
  v2: /"name":"predict".*"data":\[0\]/,
};

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter({ SELDON_PROTOCOL: protocol });

  const table = forms.flatMap((form) =>
    specversions.flatMap((specversion) =>
      ['/', predictionPaths[protocol]].map((path) => ({ form, specversion, path })),
    ),
  );

  test.each(table)(
    'a $form event $specversion on $path is answered with exactly the reply attributes',
    async ({ form, specversion, path }) => {
      const event = eventFor(irisPayloads[protocol], { specversion });
      const reply = replyOf(form, await send(adapter.url + path, inForm(form, event)));
      expect(reply.data).toMatch(predicted[protocol] as RegExp);
      expect(reply.attributes).toEqual({
        specversion,
        id: expect.stringMatching(uuid8),
        source: 'seldon.iris.tests',
        type: 'seldon.iris.tests.response',
        time: expect.stringMatching(rfc3339),
        datacontenttype: 'application/json',
        causationid: 'event-1',
        correlationid: 'event-1',
      });
    },
  );

  test.each(table)(
    'a $form event $specversion on $path is predicted exactly once, and nothing is logged',
    async ({ form, specversion, path }) => {
      const before = adapter.iris.counters.predictions;
      adapter.log.length = 0;
      const event = eventFor(irisPayloads[protocol], { specversion });
      expect((await send(adapter.url + path, inForm(form, event))).status).toBe(200);
      // Whatever else the request set off has been answered when a later one has.
      expect((await send(adapter.url + path, inForm(form, event))).status).toBe(200);
      expect(adapter.iris.counters.predictions - before).toBe(2);
      expect(adapter.log).toEqual([]);
    },
  );

  test.each(forms)(
    'a redelivered %s event gets the same reply id, another event or model another',
    async (form) => {
      const idOf = async (path: string, attributes: Readonly<Record<string, string>> = {}) => {
        const request = inForm(form, eventFor(irisPayloads[protocol], attributes));
        return replyOf(form, await send(adapter.url + path, request)).attributes['id'];
      };
      const first = await idOf('/');
      expect(await idOf('/')).toBe(first);
      expect(await idOf(predictionPaths[protocol])).toBe(first);
      // Attributes that senders change between attempts do not matter.
      expect(await idOf('/', { time: '2024-01-01T00:00:00Z', type: 'other' })).toBe(first);
      expect(await idOf('/', { id: 'event-2' })).not.toBe(first);
      expect(await idOf('/', { source: '/elsewhere' })).not.toBe(first);
      if (protocol !== 'seldon') {
        expect(await idOf(predictionPaths[protocol].replace('iris', 'other'))).not.toBe(first);
      }
    },
  );

  test.each(forms)(
    'a %s event keeps trace, subject, partition key, reply id and correlation',
    async (form) => {
      const kept = {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tracestate: 'rojo=00f067aa0ba902b7',
        subject: 'blüte "1" 100%',
        partitionkey: 'plant/7',
        replyid: 'r-1',
        correlationid: 'c-1',
      };
      const event = eventFor(irisPayloads[protocol], {
        ...kept,
        causationid: 'older',
        knativearrivaltime: '2024-01-01T00:00:00Z',
        mine: 'not carried over',
        dataschema: 'http://schema.example/1',
      });
      const { attributes } = replyOf(form, await send(adapter.url, inForm(form, event)));
      expect(attributes).toMatchObject({ ...kept, causationid: 'event-1' });
      expect(Object.keys(attributes)).not.toContain('mine');
      expect(Object.keys(attributes)).not.toContain('dataschema');
      expect(Object.keys(attributes)).not.toContain('knativearrivaltime');
    },
  );

  test('an ordinary request is answered as the predictor answered it, and is no event', async () => {
    const body = irisPayloads[protocol];
    const headers = { 'content-type': 'application/json' };
    const answer = await send(adapter.url + predictionPaths[protocol], { headers, body });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(predicted[protocol] as RegExp);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['seldon-puid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
  });

  test('an ordinary request on / is refused with what to send instead', async () => {
    const answer = await send(adapter.url, { body: irisPayloads[protocol] });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'EVENT_EXPECTED' });
    const path = predictionPaths[protocol].replace(/iris.*/, '');
    expect(answer.json()['detail']).toContain(path);
  });
});

test.each([
  ['seldon', '/api/v0.1/predictions'],
  ['seldon', '/api/v1.0/predictions'],
  ['tensorflow', '/v1/models/iris:predict'],
  ['tensorflow', '/v1/models/iris/:predict'],
  ['tensorflow', '/v1/models/:predict'],
  ['v2', '/v2/models/iris/infer'],
  ['v2', '/v2/models/infer'],
  ['v2', '/v2/models/iris/infer?verbose=1'],
] as const)(
  "%s: Seldon's executor's path %s takes events and ordinary requests",
  async (protocol, path) => {
    const adapter = await openAdapter({ SELDON_PROTOCOL: protocol });
    const event = inForm('binary', eventFor(irisPayloads[protocol]));
    replyOf('binary', await send(adapter.url + path, event));
    const plain = await send(adapter.url + path, { body: irisPayloads[protocol] });
    expect(plain.status).toBe(200);
  },
);

describe('settings of reply events', () => {
  test.each(forms)(
    '%s: PROPAGATE_EXTENSIONS carries further attributes over, and only those',
    async (form) => {
      const adapter = await openAdapter({ PROPAGATE_EXTENSIONS: 'tenant, region' });
      const event = eventFor(irisPayloads.seldon, { tenant: 'a b', other: 'x' });
      const { attributes } = replyOf(form, await send(adapter.url, inForm(form, event)));
      expect(attributes['tenant']).toBe('a b');
      expect(attributes).not.toHaveProperty('region');
      expect(attributes).not.toHaveProperty('other');
    },
  );

  test.each(forms)('%s: RESPONSE_SOURCE overrides the source and nothing else', async (form) => {
    const adapter = await openAdapter({ RESPONSE_SOURCE: 'seldon.iris' });
    const event = inForm(form, eventFor(irisPayloads.seldon));
    const { attributes } = replyOf(form, await send(adapter.url, event));
    expect(attributes).toMatchObject({ source: 'seldon.iris', type: 'seldon.iris.tests.response' });
  });

  test('two predictors of one deployment never share a reply id', async () => {
    const ids = new Set<string | undefined>();
    for (const PREDICTOR_ID of ['main', 'canary']) {
      const adapter = await openAdapter({ PREDICTOR_ID });
      const event = inForm('binary', eventFor(irisPayloads.seldon));
      ids.add(replyOf('binary', await send(adapter.url, event)).attributes['id']);
    }
    expect(ids.size).toBe(2);
  });

  test('RESPONSE_ID=puid takes the Seldon-Puid, of the caller or derived', async () => {
    const adapter = await openAdapter({ RESPONSE_ID: 'puid' });
    const event = eventFor(irisPayloads.seldon);
    const given = await send(adapter.url, inForm('binary', event, { 'seldon-puid': 'puid 1' }));
    expect(replyOf('binary', given).attributes['id']).toBe('puid 1');
    const derived = await send(adapter.url, inForm('binary', event));
    expect(replyOf('binary', derived).attributes['id']).toMatch(uuid8);
    expect(derived.headers['seldon-puid']).toBe(derived.headers['ce-id']);
  });

  test("RESPONSE_ID=puid: the events of a batch do not share the request's Seldon-Puid as their id", async () => {
    const adapter = await openAdapter({ RESPONSE_ID: 'puid' });
    const event = (id: string) => ({
      ...{ specversion: '1.0', source: '/s', type: 't', id },
      data: JSON.parse(irisPayloads.seldon),
    });
    const answer = await send(adapter.url, {
      headers: { 'content-type': 'application/cloudevents-batch+json', 'seldon-puid': 'shared' },
      body: JSON.stringify([event('1'), event('2')]),
    });
    const ids = answer.json<{ id: string }[]>().map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test('RESPONSE_ID=random gives every delivery an id of its own', async () => {
    const adapter = await openAdapter({ RESPONSE_ID: 'random' });
    const event = inForm('binary', eventFor(irisPayloads.seldon));
    const ids = new Set<string | undefined>();
    for (let i = 0; i < 3; i += 1) {
      ids.add(replyOf('binary', await send(adapter.url, event)).attributes['id']);
    }
    expect(ids.size).toBe(3);
  });

  test('EVENT_TYPES narrows what is predicted: others are answered 200, truly empty, and counted', async () => {
    const adapter = await openAdapter({ EVENT_TYPES: 'wanted' });
    const wanted = eventFor(irisPayloads.seldon, { type: 'wanted' });
    replyOf('binary', await send(adapter.url, inForm('binary', wanted)));
    for (const form of forms) {
      const answer = await send(adapter.url, inForm(form, eventFor(irisPayloads.seldon)));
      expect(answer.status).toBe(200);
      expect(answer.headers['content-length']).toBe('0');
      expect(answer.headers['content-type']).toBeUndefined();
    }
    expect(adapter.iris.counters.predictions).toBe(1);
    const metrics = (await get(`${adapter.url}/metrics`)).text;
    expect(metrics).toMatch(
      /seldon_eventing_events_skipped_total\{[^}]*reason="unwanted-type"[^}]*\} 3/,
    );
  });
});
