/** OPTIONS: what is served where, and the handshake of webhooks (CloudEvents HTTP 1.1 Web Hooks §4). */

import { describe, expect, test } from 'vitest';
import { openAdapter, send, useAdapter } from '../../support/adapter.ts';
import { openFaultSink } from '../../support/fault-sink.ts';

const options = (url: string, headers: Record<string, string> = {}) =>
  send(url, { method: 'OPTIONS', headers });

describe.each(['*', 'none'])('with CORS_ORIGIN %s', (origin) => {
  const rows: [protocol: string, path: string, status: number, allow: string | undefined][] = [
    ['seldon', '/', 200, 'OPTIONS, POST'],
    ['seldon', '/?x=1', 200, 'OPTIONS, POST'],
    ['seldon', '/api/v1.0/predictions', 200, 'OPTIONS, POST'],
    ['seldon', '/api/v0.1/feedback', 200, 'OPTIONS, POST'],
    ['seldon', '/api/v1.0/metadata', 200, 'GET, HEAD, OPTIONS'],
    ['seldon', '/api/v1.0/status/iris', 200, 'GET, HEAD, OPTIONS'],
    ['seldon', '/readyz', 200, 'GET, HEAD, OPTIONS'],
    ['seldon', '/metrics', 200, 'GET, HEAD, OPTIONS'],
    ['seldon', '/v2/models/iris/infer', 404, undefined],
    ['seldon', '/nothing', 404, undefined],
    ['v2', '/', 200, 'OPTIONS, POST'],
    ['v2', '/v2/models/iris/infer', 200, 'OPTIONS, POST'],
    ['v2', '/v2/models/iris/versions/1/infer', 200, 'OPTIONS, POST'],
    ['v2', '/v2/models/iris', 200, 'GET, HEAD, OPTIONS'],
    ['v2', '/v2/models/iris/garbage', 404, undefined],
    ['v2', '/v2/models/%2e%2e/infer', 404, undefined],
    ['v2', '/api/v1.0/predictions', 404, undefined],
    ['tensorflow', '/v1/models/iris:predict', 200, 'OPTIONS, POST'],
    ['tensorflow', '/v1/models/iris', 200, 'GET, HEAD, OPTIONS'],
    ['tensorflow', '/v1/models/iris:classify', 404, undefined],
  ];

  describe.each(['seldon', 'v2', 'tensorflow'])('and protocol %s', (protocol) => {
    const adapter = useAdapter({ CORS_ORIGIN: origin, SELDON_PROTOCOL: protocol });

    test.each(rows.filter(([of]) => of === protocol))(
      '%s: OPTIONS %s is answered %i, Allow: %s',
      async (_protocol, path, status, allow) => {
        const answer = await options(adapter.url + path);
        expect([answer.status, answer.headers.allow]).toEqual([status, allow]);
        if (status === 200)
          expect([answer.text, answer.headers['content-length']]).toEqual(['', '0']);
        expect(answer.headers['access-control-allow-origin']).toBe(
          status === 200 && origin === '*' ? '*' : undefined,
        );
      },
    );

    test('every method that Allow names is taken, and no other', async () => {
      for (const [of, path, status, allow = ''] of rows) {
        if (of !== protocol || status !== 200) continue;
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']) {
          const answer = await send(adapter.url + path, { method });
          const isTaken = answer.status !== 405 && answer.status !== 404;
          expect([method, path, isTaken]).toEqual([
            method,
            path,
            allow.split(', ').includes(method),
          ]);
          if (answer.status === 405) expect(answer.headers.allow).toBe(allow);
        }
      }
    });
  });
});

describe('a sender of webhooks', () => {
  const ask = (url: string, more: Record<string, string> = {}) =>
    options(url, { 'webhook-request-origin': 'emitter.example.com', ...more });
  const told = ({ headers }: Awaited<ReturnType<typeof ask>>) => [
    headers['webhook-allowed-origin'],
    headers['webhook-allowed-rate'],
  ];

  test('is told that it may send, as fast as it likes', async () => {
    const adapter = await openAdapter();
    for (const rate of [{}, { 'webhook-request-rate': '120' }, { 'webhook-request-rate': 'x' }]) {
      const answer = await ask(`${adapter.url}/`, rate);
      expect([answer.status, ...told(answer)]).toEqual([200, '*', '*']);
      expect(answer.headers.allow).toContain('POST');
    }
    const prediction = await ask(`${adapter.url}/api/v1.0/predictions`);
    expect(told(prediction)).toEqual(['*', '*']);
  });

  test('is told so only where it asks, and where events are taken', async () => {
    const adapter = await openAdapter();
    expect(told(await options(`${adapter.url}/`))).toEqual([undefined, undefined]);
    expect(told(await ask(`${adapter.url}/readyz`))).toEqual([undefined, undefined]);
    const nowhere = await ask(`${adapter.url}/nothing`);
    expect([nowhere.status, ...told(nowhere)]).toEqual([404, undefined, undefined]);
  });

  test('is told so by name where senders are named, with the rate that was set', async () => {
    const adapter = await openAdapter({
      WEBHOOK_ALLOWED_ORIGINS: 'other.example, Emitter.Example.com',
      WEBHOOK_ALLOWED_RATE: '600',
    });
    const { url } = adapter;
    expect(told(await ask(url))).toEqual(['emitter.example.com', '600']);
    for (const origin of ['evil.example', 'example.com', '*', 'a.emitter.example.com', ' ']) {
      const answer = await ask(url, { 'webhook-request-origin': origin });
      expect([answer.status, ...told(answer)]).toEqual([200, undefined, undefined]);
    }
  });

  test('is told nothing where nobody is wanted', async () => {
    const adapter = await openAdapter({ WEBHOOK_ALLOWED_ORIGINS: 'none' });
    expect(told(await ask(adapter.url))).toEqual([undefined, undefined]);
    expect(told(await ask(adapter.url, { 'webhook-request-origin': 'none' }))).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('is never called back, whatever address it names', async () => {
    const callback = await openFaultSink();
    for (const origins of ['*', 'none', 'emitter.example.com']) {
      const adapter = await openAdapter({ WEBHOOK_ALLOWED_ORIGINS: origins });
      await ask(adapter.url, { 'webhook-request-callback': `${callback.url}/confirm?key=secret` });
      expect(JSON.stringify(adapter.log)).not.toContain('secret');
      await adapter.stop();
    }
    expect(callback.taken).toEqual([]);
  });
});
