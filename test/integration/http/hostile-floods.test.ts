/** More of everything than anybody needs, and slower: it is cut off, and others are served. */

import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  ceHeaders,
  eventually,
  irisPayloads,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { serverNames, useHostileServers } from './hostile-servers.ts';
import { lines } from './raw-requests.ts';

const open = useHostileServers();
const repeat = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');
const start = 'POST / HTTP/1.1\r\nHost: h\r\n';

const floods: readonly (readonly [string, string])[] = [
  ['100,000 headers', start + repeat(100_000, (i) => `x${i}: ${i}\r\n`)],
  ['100,000 times the same header', start + repeat(100_000, () => 'ce-id: 1\r\n')],
  ['100,000 attributes', start + repeat(100_000, (i) => `ce-a${i}: 1\r\n`)],
  ['a header of 1 MB', `${start}x: ${'a'.repeat(1_000_000)}\r\n`],
  ['a header name of 1 MB', `${start}${'a'.repeat(1_000_000)}: x\r\n`],
  ['10,000 cookies', start + repeat(10_000, (i) => `Cookie: c${i}=${i}\r\n`)],
  [
    'a cookie header of 10,000 cookies',
    `${start}Cookie: ${repeat(10_000, (i) => `c${i}=${i}; `)}\r\n`,
  ],
  ['a target of 1 MB', `POST /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: h\r\n`],
  [
    'a query of 10,000 parameters',
    `POST /?${repeat(10_000, (i) => `a${i}=1&`)} HTTP/1.1\r\nHost: h\r\n`,
  ],
  ['a method of 1 MB', `${'A'.repeat(1_000_000)} / HTTP/1.1\r\nHost: h\r\n`],
  ['1 MB of line feeds', '\r\n'.repeat(500_000) + start],
];

describe('floods of headers', () => {
  test.each(serverNames)(
    'are refused by the %s, which closes the connection and goes on',
    async (name) => {
      const server = await open(name);
      for (const [what, head] of floods) {
        const bytes = `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`;
        const { closed, status } = await rawRequest(server.port, bytes, 20_000);
        expect(closed, `${what}: it hangs`).toBe(true);
        // 0 where the connection was reset while we were still writing.
        expect([0, 400, 404, 405, 414, 431], what).toContain(status);
      }
      expect(await server.isWell()).toBe(true);
    },
  );

  test('fifty at once do not stay in memory', async () => {
    const server = await open('adapter');
    const flood = floods[3]?.[1] ?? '';
    const rounds = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        await Promise.all(Array.from({ length: 50 }, () => rawRequest(server.port, flood)));
      }
    };
    await rounds(2);
    const before = process.memoryUsage().rss;
    await rounds(6);
    // 300 MB were sent.
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
    expect(await server.isWell()).toBe(true);
  });
});

describe('slow senders', () => {
  const adapter = useAdapter({
    REQUEST_TIMEOUT_MS: '1500',
    MAX_CONCURRENCY: '2',
    MAX_WAITING: '2',
  });
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** A hundred connections that send one byte after the other, as long as they may. */
  function drip(begin: string): { readonly closed: () => number; readonly answers: () => string } {
    let closed = 0;
    let text = '';
    for (let i = 0; i < 100; i += 1) {
      const socket = connect({ port: adapter.port, host: '127.0.0.1' });
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('close', () => {
        closed += 1;
      });
      socket.write(begin);
      const timer = setInterval(() => socket.writable && socket.write('a'), 50);
      socket.on('close', () => clearInterval(timer));
      onTestFinished(() => clearInterval(timer));
    }
    return { closed: () => closed, answers: () => text };
  }

  test.each([
    ['request line', 'POST /'],
    ['headers', `${start}x: `],
    ['body', `${start}${lines(ceHeaders()).join('\r\n')}\r\nContent-Length: 1000000\r\n\r\n`],
    [
      'plain body',
      'POST /api/v1.0/predictions HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n',
    ],
    [
      'chunk',
      `${start}${lines(ceHeaders()).join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n`,
    ],
  ])(
    'a hundred that drip their %s take nobody his place, and each is cut off',
    async (_part, begin) => {
      const slow = drip(begin);
      const good = { headers: ceHeaders(), body: irisPayloads.seldon };
      for (let i = 0; i < 5; i += 1) expect((await send(adapter.url, good)).status).toBe(200);
      await eventually(() => slow.closed() === 100);
      expect(slow.answers()).toContain('HTTP/1.1 408 ');
      expect(slow.answers()).not.toContain('HTTP/1.1 500 ');
      expect((await send(adapter.url, good)).status).toBe(200);
    },
  );

  test('who sends on and never reads its answers is not waited for', async () => {
    const socket = connect({ port: adapter.port, host: '127.0.0.1' });
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pause();
    const request = `${start}${lines(ceHeaders()).join('\r\n')}\r\nContent-Length: ${irisPayloads.seldon.length}\r\n\r\n${irisPayloads.seldon}`;
    for (let i = 0; i < 2_000 && socket.writable; i += 1) socket.write(request);
    const good = { headers: ceHeaders({ 'ce-id': 'good' }), body: irisPayloads.seldon };
    await eventually(async () => (await send(adapter.url, good)).status === 200);
  });
});
