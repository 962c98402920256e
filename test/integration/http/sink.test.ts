/** Reply events that go to a sink (K_SINK) instead of to whoever asked. */

import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { createDisplay } from '../../../src/display/server.ts';
import {
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { openFaultSink } from '../../support/fault-sink.ts';
import { temporaryFile } from '../../support/run-produce.ts';

const quick = { SINK_BACKOFF_DELAY: 'PT0.005S', SINK_RETRY: '2' };
const body = irisPayloads.seldon;
const ask = (adapter: TestAdapter, more: Record<string, string> = {}) =>
  send(`${adapter.url}/`, { headers: ceHeaders(more), body });
const metricsOf = async (adapter: TestAdapter): Promise<string> =>
  (await get(`${adapter.url}/metrics`)).text
    .replaceAll('deployment_name="iris",predictor_name="default"', '')
    .replaceAll(/\{,|,\}/g, (found) => found.replace(',', ''));

describe('an event-display as the sink', () => {
  test('prints the reply, and the sender is told 202 and nothing else', async () => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const options = { host: '127.0.0.1', port: 0, print, maxBodyBytes: 1_000_000 };
    const display = await createDisplay(options);
    onTestFinished(() => display.close());
    const adapter = await openAdapter({ K_SINK: `${display.url}/any/path` });
    for (const mode of ['binary', 'structured'] as const) {
      lines.length = 0;
      const event = { specversion: '1.0', id: 'event-1', source: '/tests', type: 'test.request' };
      const structured = JSON.stringify({ ...event, data: JSON.parse(body) });
      const answer =
        mode === 'binary'
          ? await ask(adapter)
          : await send(`${adapter.url}/`, {
              headers: { 'content-type': 'application/cloudevents+json' },
              body: structured,
            });
      expect([answer.status, answer.text]).toEqual([202, '']);
      expect(answer.headers['content-length']).toBe('0');
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
      const printed = lines.join('\n');
      expect(printed).toContain('type: seldon.iris.tests.response');
      expect(printed).toContain('causationid: event-1');
    }
  });
});

describe('a sink', () => {
  test('gets the reply in binary mode with its trace, and overrides that the answer to others has not', async () => {
    const sink = await openFaultSink();
    const adapter = await openAdapter({
      K_SINK: `${sink.url}/ns/broker?key=1`,
      K_CE_OVERRIDES: '{"extensions":{"Team":"a b","partitionkey":"forced"}}',
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await ask(adapter, {
      'ce-traceparent': traceparent,
      'ce-partitionkey': 'own',
      'seldon-puid': 'p-1',
    });
    expect(answer.status).toBe(202);
    expect(answer.headers['seldon-puid']).toBe('p-1');
    expect(sink.taken).toHaveLength(1);
    expect(sink.taken[0]).toMatchObject({
      method: 'POST',
      path: '/ns/broker?key=1',
      headers: {
        'content-type': 'application/json',
        'ce-type': 'seldon.iris.tests.response',
        'ce-causationid': 'event-1',
        'ce-team': 'a%20b',
        'ce-partitionkey': 'forced',
        'ce-traceparent': traceparent,
        traceparent,
        'seldon-puid': 'p-1',
      },
    });
    expect(sink.taken[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.parse(sink.taken[0]?.text ?? '')).toHaveProperty('data');
    const malformed = await send(`${adapter.url}/`, { headers: { 'ce-id': 'x' }, body });
    expect(malformed.status).toBe(400);
    expect(malformed.text + JSON.stringify(malformed.headers)).not.toContain('a%20b');
  });

  test('is for events alone: an ordinary request is answered as ever', async () => {
    const sink = await openFaultSink();
    const adapter = await openAdapter({ K_SINK: sink.url });
    const json = { 'content-type': 'application/json' };
    const plain = await send(adapter.url + predictionPaths.seldon, { headers: json, body });
    expect(plain.status).toBe(200);
    expect(plain.json()).toHaveProperty('data');
    expect(sink.taken).toEqual([]);
  });

  test('hears nothing of what was not predicted: failures keep their status, and 200 stays 200', async () => {
    const sink = await openFaultSink();
    const adapter = await openAdapter({ K_SINK: sink.url });
    adapter.iris.faults.status = 422;
    expect((await ask(adapter)).status).toBe(422);
    adapter.iris.faults.status = 500;
    expect((await ask(adapter)).status).toBe(502);
    const own = await ask(adapter, { 'ce-type': 'seldon.iris.tests.response' });
    expect([own.status, own.text]).toEqual([200, '']);
    expect(sink.taken).toEqual([]);
  });

  test.each([500, 503, 429, 404, 408, 409, 'reset'] as const)(
    'that first says %s gets the same event again, and the predictor is not asked again',
    async (first) => {
      const sink = await openFaultSink((n) => (n === 1 ? first : 202));
      const adapter = await openAdapter({ K_SINK: sink.url, ...quick });
      expect((await ask(adapter)).status).toBe(202);
      expect(sink.taken).toHaveLength(2);
      expect(sink.taken[0]?.id).toBe(sink.taken[1]?.id);
      expect(adapter.iris.counters.predictions).toBe(1);
    },
  );

  test.each([
    [400, 1],
    [401, 1],
    [413, 1],
    [503, 3],
  ])(
    'that goes on to say %i is a 502 after %i attempts, for which the sender tries again',
    async (status, attempts) => {
      const sink = await openFaultSink(() => ({ status, body: 'a secret of the sink' }));
      const adapter = await openAdapter({ K_SINK: `${sink.url}/?token=hidden`, ...quick });
      const answer = await ask(adapter);
      expect(answer.status).toBe(502);
      expect(answer.headers['kne-seldonerrorcode']).toBe('SINK_FAILED');
      expect(answer.json()).toMatchObject({ code: 'SINK_FAILED', retriable: true });
      expect(answer.text).toContain(`answered ${status}`);
      expect(answer.text).not.toMatch(/secret|hidden/);
      expect(sink.taken).toHaveLength(attempts);
      const line = adapter.log.find(({ fields }) => fields['code'] === 'SINK_FAILED');
      expect(line).toMatchObject({ level: 'warn', fields: { id: 'event-1', fault: 'transient' } });
      expect(JSON.stringify(adapter.log)).not.toMatch(/secret|hidden/);
    },
  );

  test('that redirects is not followed', async () => {
    const elsewhere = await openFaultSink();
    const headers = { location: elsewhere.url };
    for (const status of [301, 302, 307, 308]) {
      const sink = await openFaultSink(() => ({ status, headers }));
      const adapter = await openAdapter({ K_SINK: sink.url, ...quick });
      const answer = await ask(adapter);
      expect([answer.status, sink.taken.length]).toEqual([502, 1]);
      expect(answer.text).toContain('redirects are not followed');
    }
    expect(elsewhere.taken).toEqual([]);
  });

  test('that nobody is at is a 502 that says what to check', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}/`;
    const adapter = await openAdapter({ K_SINK: url, ...quick });
    const answer = await ask(adapter);
    expect(answer.status).toBe(502);
    expect(answer.json()).toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(answer.text).toContain('check K_SINK');
  });

  test('that never answers is a 504 at the deadline', async () => {
    const sink = await openFaultSink(() => 'hang');
    const adapter = await openAdapter({ K_SINK: sink.url, REQUEST_TIMEOUT_MS: '300' });
    const answer = await ask(adapter);
    expect([answer.status, answer.json()['code']]).toEqual([504, 'DEADLINE_EXCEEDED']);
  });

  test('that hangs once gets the event again after SINK_TIMEOUT', async () => {
    const sink = await openFaultSink((n) => (n === 1 ? 'hang' : 202));
    const adapter = await openAdapter({ K_SINK: sink.url, SINK_TIMEOUT: 'PT1S', ...quick });
    expect((await ask(adapter)).status).toBe(202);
    expect(sink.taken).toHaveLength(2);
  });

  test('that asks for more time than there is (Retry-After) is not waited for', async () => {
    const sink = await openFaultSink(() => ({ status: 429, headers: { 'retry-after': '3600' } }));
    const adapter = await openAdapter({ K_SINK: sink.url, ...quick });
    expect((await ask(adapter)).status).toBe(502);
    expect(sink.taken).toHaveLength(1);
  });

  test.each([
    ['bytes that are no HTTP', 'hello\r\n\r\n', 502],
    ['half a status line', 'HTTP/1.1 20', 502],
    ['an interim answer and no other', 'HTTP/1.1 100 Continue\r\n\r\n', 502],
    ['headers without end', `HTTP/1.1 202 A\r\nx: ${'x'.repeat(100_000)}`, 502],
    ['two lengths', 'HTTP/1.1 202 A\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 502],
    ['less of a body than it said', 'HTTP/1.1 202 A\r\ncontent-length: 9\r\n\r\nx', 202],
  ])('that answers %s costs that event alone', async (_what, bytes, status) => {
    let isHostile = true;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(isHostile ? bytes : 'HTTP/1.1 202 A\r\n\r\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const adapter = await openAdapter({ K_SINK: `http://127.0.0.1:${port}/`, SINK_RETRY: '0' });
    expect((await ask(adapter)).status).toBe(status);
    isHostile = false;
    expect((await ask(adapter)).status).toBe(202);
  });

  test('whose answer has a body without end has taken the event', async () => {
    const sink = await openFaultSink(() => ({ status: 200, endless: true }));
    const adapter = await openAdapter({
      K_SINK: sink.url,
      SINK_CONCURRENCY: '1',
    });
    for (const id of ['1', '2', '3']) {
      expect((await ask(adapter, { 'ce-id': id })).status).toBe(202);
    }
    expect(sink.taken).toHaveLength(3);
  });

  test('that is slow holds no place of the predictor, and gets no more than SINK_CONCURRENCY at once', async () => {
    const sink = await openFaultSink(async () => {
      await eventually(() => sink.taken.length >= 4);
      await sleep(20);
      return 202;
    });
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, MAX_CONCURRENCY: '1', MAX_WAITING: '100', SINK_CONCURRENCY: '4' },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask(adapter, { 'ce-id': `e${n}` })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(sink.taken.map(({ id }) => id)).size).toBe(20);
    expect(sink.most()).toBe(4);
    expect(adapter.iris.counters.maxConcurrent).toBe(1);
  });

  test('that is behind turns requests away with 429 before they are predicted on', async () => {
    const release = withResolvers();
    const sink = await openFaultSink(() => release.promise.then(() => 202));
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, SINK_CONCURRENCY: '1', SINK_MAX_WAITING: '1' },
    });
    const first = ask(adapter, { 'ce-id': '1' });
    await eventually(() => sink.taken.length === 1);
    const second = ask(adapter, { 'ce-id': '2' });
    await eventually(async () => (await metricsOf(adapter)).includes('sink_waiting{} 1'));
    const third = await ask(adapter, { 'ce-id': '3' });
    expect([third.status, third.headers['retry-after']]).toEqual([429, '1']);
    expect(third.text).toContain('SINK_CONCURRENCY');
    expect(adapter.iris.counters.predictions).toBe(2);
    release.resolve();
    expect([(await first).status, (await second).status]).toEqual([202, 202]);
  });

  test('is counted and timed', async () => {
    const sink = await openFaultSink((n) => (n === 1 ? 503 : n < 4 ? 202 : 400));
    const adapter = await openAdapter({ K_SINK: sink.url, ...quick });
    for (const id of ['1', '2', '3']) await ask(adapter, { 'ce-id': id });
    const metrics = await metricsOf(adapter);
    for (const line of [
      'seldon_eventing_sink_events_total{result="delivered"} 2',
      'seldon_eventing_sink_events_total{result="failed"} 1',
      'seldon_eventing_sink_attempts_total{code="503"} 1',
      'seldon_eventing_sink_attempts_total{code="202"} 2',
      'seldon_eventing_sink_attempts_total{code="400"} 1',
      'seldon_eventing_sink_delivery_seconds_count{result="delivered"} 2',
      'seldon_eventing_sink_running{} 0',
    ]) {
      expect(metrics).toContain(line);
    }
    const without = await openAdapter();
    expect((await get(`${without.url}/metrics`)).text).not.toContain('_sink_');
  });

  test('is delivered to what is under way when the adapter stops', async () => {
    const sink = await openFaultSink(() => sleep(100).then(() => 202));
    const adapter = await openAdapter({ K_SINK: sink.url });
    const asked = ask(adapter);
    await eventually(() => sink.taken.length === 1);
    await Promise.all([adapter.stop(), asked.then(({ status }) => expect(status).toBe(202))]);
  });
});

function withResolvers() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}

describe('with SINK_ASYNC', () => {
  test('the sender is told before the sink has it', async () => {
    const release = withResolvers();
    const sink = await openFaultSink(() => release.promise.then(() => 202));
    const adapter = await openAdapter({ K_SINK: sink.url, SINK_ASYNC: 'true' });
    const answer = await ask(adapter);
    expect([answer.status, answer.text]).toEqual([202, '']);
    release.resolve();
    await eventually(async () =>
      (await metricsOf(adapter)).includes('sink_events_total{result="delivered"} 1'),
    );
  });

  test('a failed prediction is told all the same', async () => {
    const sink = await openFaultSink();
    const adapter = await openAdapter({ K_SINK: sink.url, SINK_ASYNC: 'true' });
    adapter.iris.faults.status = 400;
    expect((await ask(adapter)).status).toBe(400);
  });

  test('what the sink does not take is logged by its id and counted', async () => {
    const sink = await openFaultSink(() => 400);
    const adapter = await openAdapter({ K_SINK: sink.url, SINK_ASYNC: 'true' });
    expect((await ask(adapter)).status).toBe(202);
    await eventually(() => adapter.log.some(({ level }) => level === 'error'));
    expect(adapter.log.find(({ level }) => level === 'error')).toMatchObject({
      message: expect.stringContaining('a reply event is lost'),
      fields: { id: sink.taken[0]?.id, causationid: 'event-1', code: 'SINK_FAILED' },
    });
    expect(await metricsOf(adapter)).toContain('sink_events_total{result="failed"} 1');
  });

  test('a full queue turns requests away before they are predicted on', async () => {
    const sink = await openFaultSink(() => 'hang');
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, SINK_ASYNC: 'true', SINK_CONCURRENCY: '1', SINK_MAX_WAITING: '1' },
      DRAIN_TIMEOUT_MS: '50',
    });
    const statuses: number[] = [];
    for (const id of ['1', '2', '3', '4'])
      statuses.push((await ask(adapter, { 'ce-id': id })).status);
    expect(statuses).toEqual([202, 202, 429, 429]);
    expect(adapter.iris.counters.predictions).toBe(2);
  });

  test('stopping delivers what waits, also what is between two attempts', async () => {
    let down = true;
    const sink = await openFaultSink(() => (down ? 503 : 202));
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, SINK_ASYNC: 'true', SINK_CONCURRENCY: '1' },
      SINK_BACKOFF_DELAY: 'PT0.05S',
    });
    for (const id of ['1', '2', '3']) await ask(adapter, { 'ce-id': id });
    await eventually(() => sink.taken.length > 0);
    const stopped = adapter.stop();
    down = false;
    await stopped;
    expect(new Set(sink.taken.map(({ id }) => id)).size).toBe(3);
    expect(adapter.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('what is left when the drain is over is counted, and named in the log', async () => {
    const sink = await openFaultSink(() => 'hang');
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, SINK_ASYNC: 'true', SINK_CONCURRENCY: '1', DRAIN_TIMEOUT_MS: '100' },
    });
    for (const id of ['1', '2', '3']) await ask(adapter, { 'ce-id': id });
    await adapter.stop();
    expect(adapter.log.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({
        fields: { lost: 3, ids: [expect.any(String), expect.any(String), expect.any(String)] },
      }),
    ]);
  });
});

describe('a sink over TLS and OIDC, as a SinkBinding sets them', () => {
  const authority = createAuthority('sink authority');
  const { certPem, keyPem } = authority.issue({ name: 'sink', hosts: ['127.0.0.1'] });
  const tls = { cert: certPem, key: keyPem };

  test('is trusted by K_CA_CERTS, and by nothing else', async () => {
    const sink = await openFaultSink(() => 202, tls);
    const trusting = await openAdapter({ K_SINK: sink.url, K_CA_CERTS: authority.certPem });
    expect((await ask(trusting)).status).toBe(202);
    const other = createAuthority('another').certPem;
    for (const ca of [{}, { K_CA_CERTS: other }]) {
      const adapter = await openAdapter({ K_SINK: sink.url, ...quick, ...ca });
      const answer = await ask(adapter);
      expect([answer.status, answer.json()['code']]).toEqual([502, 'SINK_UNREACHABLE']);
    }
    expect(sink.taken).toHaveLength(1);
  });

  test('is trusted by a bundle in the mounted folder, also one that comes later', async () => {
    const sink = await openFaultSink(() => 202, tls);
    const bundle = await temporaryFile('not yet');
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, ...quick, SINK_CA_DIR: bundle.slice(0, bundle.lastIndexOf('/')) },
    });
    expect((await ask(adapter)).status).toBe(502);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(bundle, authority.certPem);
    expect((await ask(adapter)).status).toBe(202);
  });

  test('is shown the mounted token, and it is in no log and no answer', async () => {
    const sink = await openFaultSink((n) => (n === 1 ? 202 : 401));
    const file = await temporaryFile('a.jwt.token\n');
    const adapter = await openAdapter({ K_SINK: sink.url, SINK_TOKEN_FILE: file });
    expect((await ask(adapter)).status).toBe(202);
    expect(sink.taken[0]?.headers.authorization).toBe('Bearer a.jwt.token');
    const refused = await ask(adapter);
    expect(refused.text).toContain('SINK_TOKEN_FILE');
    expect(refused.text + JSON.stringify(adapter.log)).not.toContain('jwt');
  });
});

describe('a batch', () => {
  const post = (adapter: TestAdapter, ids: readonly string[], bad: readonly string[] = []) =>
    send(`${adapter.url}/`, {
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(
        ids.map((id) => ({
          ...{ specversion: '1.0', id, source: '/b', type: 't' },
          data: bad.includes(id) ? 'bad' : JSON.parse(body),
        })),
      ),
    });
  const faultFor = (adapter: TestAdapter): void => {
    adapter.iris.faults.statusFor = (data) => (data.toString() === '"bad"' ? 400 : undefined);
  };

  test('whose replies the sink has all taken is answered 202, empty', async () => {
    const sink = await openFaultSink();
    const adapter = await openAdapter({ K_SINK: sink.url });
    const ids = Array.from({ length: 30 }, (_, n) => `e${n}`);
    const answer = await post(adapter, ids);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(sink.taken.map(({ headers }) => headers['ce-causationid']).sort()).toEqual(ids.sort());
  });

  test('tells what failed, and only that', async () => {
    const sink = await openFaultSink((_n, { headers }) =>
      headers['ce-causationid'] === 'refused' ? 400 : 202,
    );
    const adapter = await openAdapter({ K_SINK: sink.url });
    faultFor(adapter);
    const answer = await post(adapter, ['good', 'bad', 'refused'], ['bad']);
    expect(answer.status).toBe(200);
    const told = answer.json<{ causationid: string; data: { code: string } }[]>();
    expect(told.map(({ causationid, data }) => [causationid, data.code])).toEqual([
      ['bad', 'PREDICTOR_REFUSED'],
      ['refused', 'SINK_FAILED'],
    ]);
  });

  test('that the sink took nothing of is told to come again', async () => {
    const sink = await openFaultSink(() => 503);
    const adapter = await openAdapter({ K_SINK: sink.url, ...quick });
    const answer = await post(adapter, ['1', '2']);
    expect([answer.status, answer.headers['kne-seldonerrorcode']]).toEqual([502, 'SINK_FAILED']);
  });

  test('is not turned away by its own size where the sink takes few at once', async () => {
    const sink = await openFaultSink();
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, SINK_CONCURRENCY: '1', SINK_MAX_WAITING: '0' },
    });
    expect((await post(adapter, ['1', '2', '3', '4'])).status).toBe(202);
  });
});
