/** Payload logging: copies of what goes into nodes and comes out of them, to sinks of all kinds. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ceHeaders, eventually, get, openAdapter, send } from '../../support/adapter.ts';
import { openSink } from '../../support/copy-sink.ts';
import { type GraphSpec, useGraphNodes } from '../../support/graph-nodes.ts';

const nodes = useGraphNodes();
const input = '{"data":{"ndarray":[[1,2]]}}';

async function openLogged(graph: GraphSpec, settings = {}) {
  const engine = await nodes.engine(graph);
  const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine, ...settings });
  const predict = (headers = {}) =>
    send(`${adapter.url}/api/v1.0/predictions`, {
      headers: { 'content-type': 'application/json', 'seldon-puid': 'p1', ...headers },
      body: input,
    });
  const counted = async (result: string): Promise<number> => {
    const { text } = await get(`${adapter.url}/metrics`);
    const found = new RegExp(`payload_copies_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`).exec(
      text,
    );
    return Number(found?.[1] ?? 0);
  };
  return { adapter, predict, counted };
}

describe('a node that is logged', () => {
  test("sends its request and response as Seldon's events", async () => {
    const sink = await openSink();
    const logger = { mode: 'all', url: `${sink.url}/log?x=1` };
    const { predict } = await openLogged({ name: 'm', logger });
    const answer = await predict();
    await eventually(() => sink.copies.length === 2);
    const [first, second] = [...sink.copies].sort((a, b) =>
      String(a.headers['ce-type']).localeCompare(String(b.headers['ce-type'])),
    );
    expect(first?.headers).toMatchObject({
      'ce-specversion': '1.0',
      'ce-type': 'io.seldon.serving.inference.request',
      'ce-source': 'http://localhost:0/',
      'ce-requestid': 'p1',
      'ce-modelid': 'm',
      'ce-inferenceservicename': 'iris',
      'ce-namespace': 'tests',
      'ce-endpoint': 'default',
      'ce-protocol': 'seldon',
      'content-type': 'application/json',
    });
    expect(first?.path).toBe('/log?x=1');
    expect(first?.text).toBe(input);
    expect(second?.headers['ce-type']).toBe('io.seldon.serving.inference.response');
    expect(second?.text).toBe(answer.text);
    expect(first?.headers['ce-id']).not.toBe(second?.headers['ce-id']);
  });

  test.each([
    ['all', ['request', 'response']],
    ['request', ['request']],
    ['response', ['response']],
  ])('in mode %s sends %j, in a graph too, to the default sink', async (mode, kinds) => {
    const sink = await openSink();
    const spec = {
      name: 'c',
      type: 'COMBINER',
      logger: { mode },
      children: [{ name: 'a', logger: { mode } }, { name: 'b' }],
    };
    const { predict, counted } = await openLogged(spec, {
      REQUEST_LOGGER_DEFAULT_ENDPOINT: sink.url,
    });
    await predict();
    await eventually(async () => (await counted('sent')) === 2 * kinds.length);
    const told = sink.copies.map(
      ({ headers }) => `${headers['ce-modelid']} ${String(headers['ce-type']).split('.').at(-1)}`,
    );
    expect(told.sort()).toEqual(
      ['a', 'c'].flatMap((name) => kinds.map((kind) => `${name} ${kind}`)),
    );
  });

  test('sends events’ payloads, and feedback, and nothing of who asks not to be logged', async () => {
    const sink = await openSink();
    const { adapter, predict } = await openLogged({
      name: 'm',
      logger: { mode: 'all', url: sink.url },
    });
    await predict({ 'seldon-skip-logging': 'true' });
    await send(`${adapter.url}/`, { headers: ceHeaders(), body: input });
    const body = '{"reward":1}';
    const headers = { 'content-type': 'application/json' };
    await send(`${adapter.url}/api/v1.0/feedback`, { headers, body });
    await eventually(() => sink.copies.length === 3);
    expect(sink.copies.map((copy) => copy.headers['ce-type']).sort()).toEqual([
      'io.seldon.serving.feedback',
      'io.seldon.serving.inference.request',
      'io.seldon.serving.inference.response',
    ]);
  });
});

describe('a sink that is', () => {
  test('away costs no prediction anything; what it misses is counted and told once', async () => {
    const logger = { mode: 'all', url: 'http://127.0.0.1:1/' };
    const { adapter, predict, counted } = await openLogged({ name: 'm', logger });
    for (let i = 0; i < 10; i += 1) expect((await predict()).status).toBe(200);
    await eventually(async () => (await counted('failed')) === 20);
    const told = adapter.log.filter(({ message }) => message.startsWith('copies of payloads'));
    expect(told).toHaveLength(1);
    expect(told[0]?.fields['reason']).toContain('cannot be reached');
  });

  test('silent holds up none; beyond what may wait, copies are dropped and counted', async () => {
    const sink = await openSink(() => undefined);
    const logger = { mode: 'request', url: sink.url };
    const { predict, counted } = await openLogged(
      { name: 'm', logger },
      { LOGGER_MAX_COPIES: '5', LOGGER_CONCURRENCY: '2', LOGGER_TIMEOUT_MS: '60000' },
    );
    for (let i = 0; i < 20; i += 1) expect((await predict()).status).toBe(200);
    expect(await counted('dropped')).toBe(15);
    expect(sink.copies.length).toBeLessThanOrEqual(2);
  });

  test('refusing is counted as failed', async () => {
    const sink = await openSink(() => 503);
    const logger = { mode: 'request', url: sink.url };
    const { predict, counted } = await openLogged({ name: 'm', logger });
    await predict();
    await eventually(async () => (await counted('failed')) === 1);
  });

  test('slow gets what there is when the adapter stops', async () => {
    let last = Promise.resolve();
    const sink = await openSink();
    const slow = await openSink(() => {
      last = sleep(50);
      return 200;
    });
    const logger = { mode: 'request', url: slow.url };
    const { adapter, predict } = await openLogged(
      { name: 'm', logger },
      { LOGGER_CONCURRENCY: '1' },
    );
    for (let i = 0; i < 5; i += 1) await predict();
    await adapter.stop();
    await last;
    expect(slow.copies).toHaveLength(5);
    expect(sink.copies).toHaveLength(0);
  });
});
