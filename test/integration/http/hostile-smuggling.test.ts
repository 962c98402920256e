/**
 * Requests that say two things about where they end: a proxy before us may read them in another way,
 * and take what we answer second for the answer to somebody else. None of what hides in them is
 * ever taken for a request.
 */

import { expect, test } from 'vitest';
import { rawRequest } from '../../support/adapter.ts';
import { serverNames, useHostileServers } from './hostile-servers.ts';

const open = useHostileServers();

const data = '{"data":{"ndarray":[[1,2,3,4]]}}';
const event = (id: string): string =>
  [
    'Host: h',
    'ce-specversion: 1.0',
    `ce-id: ${id}`,
    'ce-source: /s',
    'ce-type: t',
    'Content-Type: application/json',
  ].join('\r\n');
/** What must never be taken for a request: its body would show in what was taken. */
const smuggled = `POST / HTTP/1.1\r\n${event('smuggled')}\r\nContent-Length: 12\r\n\r\n{"smuggled":1}`;
const chunked = (bytes: string): string => `${bytes.length.toString(16)}\r\n${bytes}\r\n0\r\n\r\n`;
const post = (headers: readonly string[], rest: string): string =>
  `POST / HTTP/1.1\r\n${event('outer')}\r\n${headers.join('\r\n')}\r\n\r\n${rest}`;
const length = `Content-Length: ${data.length}`;

const ambiguous: readonly (readonly [string, string])[] = [
  ['a length and chunks', post([length, 'Transfer-Encoding: chunked'], chunked(data) + smuggled)],
  [
    'chunks and a length',
    post(['Transfer-Encoding: chunked', 'Content-Length: 4'], chunked(data) + smuggled),
  ],
  ['a length of 0 and chunks', post(['Content-Length: 0', 'Transfer-Encoding: chunked'], smuggled)],
  ['two lengths', post(['Content-Length: 0', length], smuggled)],
  ['two equal lengths in one header', post([`${length}, ${data.length}`], data + smuggled)],
  ['a length with a sign', post([`Content-Length: +${data.length}`], data + smuggled)],
  ['a length in hexadecimal', post(['Content-Length: 0x20'], data + smuggled)],
  ['a length with a fraction', post([`Content-Length: ${data.length}.0`], data + smuggled)],
  ['a length with an exponent', post(['Content-Length: 3e1'], data + smuggled)],
  ['a negative length', post(['Content-Length: -1'], smuggled)],
  ['a length beyond 64 bits', post(['Content-Length: 18446744073709551616'], smuggled)],
  ['an empty length', post(['Content-Length: '], smuggled)],
  ['a length with a space in it', post(['Content-Length: 3 2'], data + smuggled)],
  ['a length before a colon with a space', post(['Content-Length : 0'], smuggled)],
  ['a length in a folded line', post(['Content-Length:', ' 0'], smuggled)],
  ['a folded header', post(['x: a', ' Content-Length: 0', length], data)],
  [
    'a folded transfer coding',
    post(['Transfer-Encoding:', '\tchunked', 'Content-Length: 0'], smuggled),
  ],
  [
    'a transfer coding before a colon with a space',
    post(['Transfer-Encoding : chunked', 'Content-Length: 0'], smuggled),
  ],
  [
    'a coding with a vertical tab',
    post(['Transfer-Encoding: \x0bchunked', 'Content-Length: 0'], smuggled),
  ],
  ['a quoted coding', post(['Transfer-Encoding: "chunked"', 'Content-Length: 0'], smuggled)],
  [
    'chunked, then identity',
    post(['Transfer-Encoding: chunked, identity'], chunked(data) + smuggled),
  ],
  ['identity, then a length', post(['Transfer-Encoding: identity', 'Content-Length: 0'], smuggled)],
  [
    'two transfer codings',
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], chunked(data) + smuggled),
  ],
  ['chunked twice', post(['Transfer-Encoding: chunked, chunked'], chunked(data) + smuggled)],
  [
    'a coding that only begins with chunked',
    post(['Transfer-Encoding: chunkedx'], chunked(data) + smuggled),
  ],
  [
    'chunks in HTTP/1.0 with a length',
    post(['Transfer-Encoding: chunked', 'Content-Length: 0'], smuggled).replace(
      'HTTP/1.1',
      'HTTP/1.0',
    ),
  ],
  [
    'a chunk size with a sign',
    post(['Transfer-Encoding: chunked'], `+20\r\n${data}\r\n0\r\n\r\n${smuggled}`),
  ],
  [
    'a chunk size with 0x',
    post(['Transfer-Encoding: chunked'], `0x20\r\n${data}\r\n0\r\n\r\n${smuggled}`),
  ],
  ['a negative chunk size', post(['Transfer-Encoding: chunked'], `-1\r\n${smuggled}`)],
  [
    'a chunk size beyond 64 bits',
    post(['Transfer-Encoding: chunked'], `${'f'.repeat(17)}\r\n${smuggled}`),
  ],
  [
    'a chunk longer than its size',
    post(['Transfer-Encoding: chunked'], `4\r\n${data}\r\n0\r\n\r\n${smuggled}`),
  ],
  [
    'chunks that end in bare line feeds',
    post(['Transfer-Encoding: chunked'], `20\n${data}\n0\n\n${smuggled}`),
  ],
  [
    'a line feed within a chunk extension',
    post(['Transfer-Encoding: chunked'], `20;a\nb\r\n${data}\r\n0\r\n\r\n${smuggled}`),
  ],
  ['headers that end in bare line feeds', post([length], data).replaceAll('\r\n', '\n') + smuggled],
  ['one bare line feed between headers', post(['x: y\nContent-Length: 0', 'z: 1'], smuggled)],
  ['bare carriage returns', post(['x: y\rContent-Length: 0', length], data + smuggled)],
  ['NUL in a header', post(['x: y\x00', 'Content-Length: 0'], smuggled)],
  ['a header without a name', post([': x', 'Content-Length: 0'], smuggled)],
  ['a header without a colon', post(['Content-Length', 'Content-Length: 0'], smuggled)],
  [
    'garbage behind the request',
    post([`${length}`, 'Connection: close'], `${data}garbage\r\n\r\n${smuggled}`),
  ],
  ['garbage behind a request that stays', post([length], `${data}garbage\r\n\r\n${smuggled}`)],
  [
    'a huge chunk extension',
    post(['Transfer-Encoding: chunked'], `20;${'a'.repeat(100_000)}\r\n${data}\r\n0\r\n\r\n`),
  ],
  [
    'a million chunk extensions',
    post(['Transfer-Encoding: chunked'], `1;${'a=b;'.repeat(4_000)}\r\nx\r\n`.repeat(60)),
  ],
  [
    'huge trailers',
    post(['Transfer-Encoding: chunked'], `20\r\n${data}\r\n0\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`),
  ],
  [
    'a length in the trailers',
    post(
      ['Transfer-Encoding: chunked'],
      `20\r\n${data}\r\n0\r\nContent-Length: 5\r\nce-id: trailer\r\nConnection: close\r\n\r\n`,
    ),
  ],
];

test.each(serverNames)(
  'the %s answers or closes each ambiguous request, takes nothing that hides in one, and goes on',
  async (name) => {
    const server = await open(name);
    for (const [what, bytes] of ambiguous) {
      const answer = await rawRequest(server.port, bytes, 20_000);
      expect(answer.closed, `${what}: it hangs`).toBe(true);
      const statuses = [...answer.text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => code);
      expect(statuses, what).not.toContain('500');
      // A whole request before the garbage may be answered; what follows it never is.
      const answered = statuses.filter((code) => code?.startsWith('2'));
      expect(answered.length, `${what}: ${answer.text}`).toBeLessThanOrEqual(1);
      expect(server.taken(), what).not.toContain('smuggled');
      expect(server.taken(), what).not.toContain('trailer');
    }
    expect(await server.isWell()).toBe(true);
  },
  120_000,
);
