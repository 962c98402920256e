/** Decent requests with a few bytes changed, by the hundred: seeded, so that what fails fails again. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ceHeaders, irisPayloads, rawRequest } from '../../support/adapter.ts';
import { serverNames, useHostileServers } from './hostile-servers.ts';
import { lines, raw } from './raw-requests.ts';

const open = useHostileServers();
const body = irisPayloads.seldon;
const member = `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":${body}}`;

const decent: readonly string[] = [
  raw({ headers: lines(ceHeaders()), body }),
  raw({ headers: ['Content-Type: application/cloudevents+json; charset=utf-8'], body: member }),
  raw({
    headers: ['Content-Type: application/cloudevents-batch+json'],
    body: `[${member},${member}]`,
  }),
  raw({ target: '/api/v1.0/predictions', headers: ['Content-Type: application/json'], body }),
  raw({ target: '/api/v1.0/feedback', headers: ['Content-Type: application/json'], body }),
  raw({ method: 'GET', target: '/metrics' }),
  `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${lines(ceHeaders()).join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
];

const interesting = [
  '\r',
  '\n',
  '\r\n\r\n',
  '\0',
  ':',
  ' ',
  ',',
  '"',
  '%',
  '%0D%0A',
  '\xff',
  '{',
  '[',
];
const bytes = fc.oneof(
  fc.constantFrom(...interesting),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.nat(9).map((n) => String(n).repeat(12)),
);
/** What is done at a place between the first byte (0) and the last (1). */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom('insert', 'replace', 'delete', 'repeat', 'cut'),
  bytes,
  length: fc.integer({ min: 1, max: 30 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

function mutate(text: string, { at, kind, bytes: added, length }: Mutation): string {
  const place = Math.floor(at * text.length);
  const [before, after] = [text.slice(0, place), text.slice(place)];
  switch (kind) {
    case 'insert':
      return before + added + after;
    case 'replace':
      return before + added + after.slice(added.length);
    case 'delete':
      return before + after.slice(length);
    case 'repeat':
      return before + after.slice(0, length).repeat(3) + after.slice(length);
    default:
      return before;
  }
}

test.each(serverNames)(
  'the %s answers or closes each, none with 500, and goes on',
  async (name) => {
    const server = await open(name);
    const hostile = fc.record({
      request: fc.constantFrom(...decent),
      mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 20, maxLength: 20 }), async (requests) => {
        // Together, since one that is cut short is waited for.
        await Promise.all(
          requests.map(async ({ request, mutations }) => {
            const text = mutations.reduce(mutate, request);
            const patienceMs = name === 'adapter' ? 30_000 : 300;
            const answer = await rawRequest(server.port, Buffer.from(text, 'latin1'), patienceMs);
            const what = JSON.stringify(text);
            // The others leave slow senders the ten seconds that they set: they are not waited for.
            if (name === 'adapter') expect(answer.closed, `it hangs: ${what}`).toBe(true);
            expect(answer.text, what).not.toMatch(/^HTTP\/1\.1 500 /m);
            expect(answer.text, what).not.toContain('INTERNAL');
          }),
        );
      }),
      { numRuns: 20, seed: 20_261_121, endOnFailure: true },
    );
    expect(await server.isWell()).toBe(true);
  },
  180_000,
);
