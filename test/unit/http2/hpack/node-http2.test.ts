/** Against the encoder and decoder that Node.js has, over sockets. */

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, sensitiveHeaders } from 'node:http2';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRawPeer } from './raw-peer.ts';

/** Sends one request with the pairs as its fields, and gives the fields of the answer as they came. */
async function exchange(
  session: ClientHttp2Session,
  pairs: readonly (readonly [string, string])[],
  sensitive: readonly string[],
): Promise<string[]> {
  const headers: Record<string, string[] | string> = { ':method': 'POST', ':path': '/a' };
  for (const [name, value] of pairs) headers[name] = [...(headers[name] ?? []), value];
  const stream = session.request({ ...headers, [sensitiveHeaders]: [...sensitive] });
  stream.end();
  stream.resume();
  const [[, , raw]] = await Promise.all([once(stream, 'response'), once(stream, 'close')]);
  return raw as string[];
}

/** What a field's value may hold (RFC 9113 §8.2.1), and what Node.js sends as it is. */
const value = fc
  .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 120,
    size: 'max',
  })
  .map((octets) => Buffer.from(octets).toString('latin1'));
const values = fc.oneof(fc.constantFrom('a', 'application/grpc', 'x'.repeat(500)), value);
const names = fc.oneof(
  fc.constantFrom('x-one', 'x-two', 'accept', 'grpc-accept-encoding', 'via', 'warning'),
  fc.stringMatching(/^x-[a-z0-9-]{1,40}$/),
);
const lists = fc.array(
  fc.record({
    pairs: fc.array(fc.tuple(names, values), { maxLength: 12 }),
    sensitive: fc.subarray(['x-one', 'x-two', 'accept']),
  }),
  { minLength: 2, maxLength: 10, size: 'max' },
);

const isOrdinary = (name: string): boolean => !name.startsWith(':');

/** The pairs as Node.js sends them: values of one name together, where its first stood. */
const grouped = (pairs: readonly (readonly [string, string])[]): string[] => {
  const inOrder = [...new Set(pairs.map(([name]) => name))];
  return inOrder.flatMap((name) => pairs.filter(([other]) => other === name).flat());
};

describe.each([
  { tables: 'the table of the beginning', sizes: [4096] },
  { tables: 'a small table', sizes: [128] },
  { tables: 'no table', sizes: [0] },
  { tables: 'tables of other sizes again and again', sizes: [4096, 0, 300, 4096, 64] },
])('a client of Node.js with $tables', ({ sizes }) => {
  it('is read as it wrote, and reads what it is answered', async () => {
    // Each request is answered with its own fields.
    const seen: string[][] = [];
    const peer = await startRawPeer((fields) => {
      seen.push(fields);
      return [
        ':status',
        '200',
        ...fields.filter((_, at) => isOrdinary(fields[at - (at % 2)] ?? '')),
      ];
    }, sizes);
    onTestFinished(() => peer.stop());

    await fc.assert(
      fc.asyncProperty(lists, async (requests) => {
        const session = connect(peer.url);
        session.on('error', () => {});
        try {
          for (const { pairs, sensitive } of requests) {
            const answer = await exchange(session, pairs, sensitive);
            const sent = seen.at(-1) ?? [];
            expect(
              sent
                .slice(0, 8)
                .filter((_, at) => at % 2 === 0)
                .sort(),
            ).toEqual([':authority', ':method', ':path', ':scheme']);
            expect(sent.slice(8)).toEqual(grouped(pairs));
            expect(answer.slice(0, 2)).toEqual([':status', '200']);
            expect(answer.slice(2)).toEqual(sent.slice(8));
          }
        } finally {
          session.destroy();
        }
      }),
      { numRuns: 25 },
    );
    expect(peer.faults).toEqual([]);
  });
});

describe('the encoder of Node.js', () => {
  it('uses the dynamic table, Huffman code and updates of the table that are read here', async () => {
    const peer = await startRawPeer(() => [':status', '200'], [4096, 4096, 100]);
    onTestFinished(() => peer.stop());
    const session = connect(peer.url);
    onTestFinished(() => session.destroy());
    for (let at = 0; at < 4; at++) await exchange(session, [['x-one', 'Bearer'.repeat(5)]], []);

    expect(peer.faults).toEqual([]);
    const [first, second, third, fourth] = peer.blocks;
    expect(second?.length).toBeLessThan((first?.length ?? 0) / 2);
    expect(second?.includes(0xbe)).toBe(true);
    // §6.3: the first octets of those blocks that follow a new size.
    expect([third, fourth].some((block) => ((block?.[0] ?? 0) & 0xe0) === 0x20)).toBe(true);
  });
});
