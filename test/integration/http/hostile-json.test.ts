/**
 * Payloads that a parser may break on, wherever something is parsed: structured events and batches,
 * graphs that look into messages, merged calls that are cut and joined.
 */

import { afterEach, describe, expect, test } from 'vitest';
import {
  ceHeaders,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { useGraphNodes } from '../../support/graph-nodes.ts';

const nodes = useGraphNodes();
const deep = (open: string, close: string, depth = 100_000): string =>
  open.repeat(depth) + close.repeat(depth);

/** Where a value may stand in each protocol's request: `@` is the value. */
const places: Readonly<Record<(typeof protocolNames)[number], readonly string[]>> = {
  seldon: [
    '@',
    '{"data":{"ndarray":@}}',
    '{"data":{"ndarray":[@]}}',
    '{"data":{"names":@,"ndarray":[[1,2,3,4]]}}',
    '{"data":{"tensor":{"shape":@,"values":[1,2,3,4]}}}',
    '{"data":{"ndarray":[[1,2,3,4]]},"meta":@}',
    '{"data":{"ndarray":[[1,2,3,4]]},"meta":{"tags":@,"routing":@}}',
    '{"jsonData":@}',
    '{"strData":@}',
  ],
  tensorflow: [
    '@',
    '{"instances":@}',
    '{"instances":[@]}',
    '{"signature_name":@,"instances":[[1,2,3,4]]}',
  ],
  v2: [
    '@',
    '{"inputs":@}',
    '{"inputs":[@]}',
    '{"inputs":[{"name":"a","shape":@,"datatype":"FP64","data":[1]}]}',
    '{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":@,"parameters":@}]}',
    '{"parameters":@,"inputs":[{"name":"a","shape":[1,4],"datatype":"FP64","data":[1,2,3,4]}]}',
  ],
};
const deepValues: readonly string[] = [
  deep('[', ']'),
  '['.repeat(100_000),
  deep('{"a":', '}').replace('}', '1}'),
  deep('{"__proto__":', '}').replace('}', '1}'),
];
const oddValues: readonly string[] = [
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '[{"__proto__":{"polluted":true}},{"toString":1,"valueOf":2,"hasOwnProperty":3}]',
  `[${'1e400,'.repeat(1_000)}-1e400]`,
  `"${'\\ud800'.repeat(1_000)}"`,
  `${'9'.repeat(100_000)}`,
  '{"a":1,"a":2,"":3}',
  'nul',
];

async function expectWell(adapter: TestAdapter, path: string, body: string): Promise<void> {
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect((await get(`${adapter.url}/livez`)).status).toBe(200);
  expect((await send(adapter.url + path, { body })).status).toBe(200);
  const own = adapter.log.filter(({ level }) => level === 'error');
  expect(own).toEqual([]);
}

/** Each value at each place: as an ordinary request, an event, a structured event and a batch. */
async function sendAll(adapter: TestAdapter, templates: readonly string[], path: string) {
  for (const [i, template] of templates.entries()) {
    // What is deep is large too: not at each place.
    for (const value of [...oddValues, ...(i % 3 === 0 ? deepValues : [])]) {
      const body = template.replaceAll('@', () => value);
      const event = `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${body}}`;
      const answers = await Promise.all([
        send(adapter.url + path, { headers: { 'content-type': 'application/json' }, body }),
        send(adapter.url, { headers: ceHeaders(), body }),
        send(adapter.url, {
          headers: { 'content-type': 'application/cloudevents+json' },
          body: event,
        }),
        send(adapter.url, {
          headers: { 'content-type': 'application/cloudevents-batch+json' },
          body: `[${event},${event}]`,
        }),
      ]);
      for (const { status, text } of answers) {
        const what = `${template} with ${value.slice(0, 40)}: ${text.slice(0, 300)}`;
        expect(status, what).not.toBe(500);
        expect(text, what).not.toContain('"INTERNAL"');
      }
    }
  }
}

describe('hostile payloads', () => {
  afterEach(() => {
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each(protocolNames)('of the %s protocol are predicted on or refused', async (protocol) => {
    const adapter = await openAdapter({ SELDON_PROTOCOL: protocol });
    await sendAll(adapter, places[protocol], predictionPaths[protocol]);
    await expectWell(adapter, predictionPaths[protocol], irisPayloads[protocol]);
  });

  test.each(protocolNames)(
    'of the %s protocol are merged with others, or not, and do them no harm',
    async (protocol) => {
      const adapter = await openAdapter({
        ...{ SELDON_PROTOCOL: protocol, BATCH_MAX_SIZE: '8', BATCH_MAX_WAIT_MS: '2' },
      });
      await sendAll(adapter, places[protocol], predictionPaths[protocol]);
      await expectWell(adapter, predictionPaths[protocol], irisPayloads[protocol]);
    },
  );

  test('go through a graph with a router, a combiner and transformers, or are refused', async () => {
    const ENGINE_PREDICTOR = await nodes.engine({
      name: 't',
      type: 'TRANSFORMER',
      children: [{ name: 'r', type: 'ROUTER', children: [{ name: 'm' }, { name: 'n' }] }],
    });
    const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR });
    // Nodes that answer anything with what the caller sent, as far as a node may.
    for (const name of ['t', 'm', 'n']) nodes.answer[name] = ({ text }) => ({ body: text });
    nodes.answer['r'] = ({ path }) => ({ body: path === '/route' ? [0] : {} });
    const looked = places.seldon.filter((place) => /^@|meta|names/.test(place));
    await sendAll(adapter, looked, predictionPaths.seldon);
    await expectWell(adapter, predictionPaths.seldon, irisPayloads.seldon);
  });
});
