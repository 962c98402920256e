/** Whatever a token endpoint answers: a token, or a refusal that says why without the secret. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RefusedError } from '../../../../src/kafka/security/sasl-exchange.ts';
import { requestToken, type TokenClient } from '../../../../src/kafka/security/token-request.ts';

const clientSecret = 's3cret+of/the=client';
let answer: { readonly status: number; readonly body: string | Uint8Array };
let endless = false;
let sentBytes = 0;
const server = createServer((request, response) => {
  request.resume();
  response.on('error', () => undefined);
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  if (!endless) {
    response.end(answer.body);
    return;
  }
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20))) sentBytes += 65_536;
  };
  response.on('drain', more);
  more();
});
let client: TokenClient;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tokenUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/token`);
  client = { tokenUrl, clientId: 'c', clientSecret, scope: undefined };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const key = fc.constantFrom(
  ...['access_token', 'expires_in', 'error', 'error_description', '__proto__', 'toString'],
  ...['valueOf', 'token_type'],
);
const leaf = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.constantFrom(clientSecret, 'abc.def', 3600, '3600', 1e308, -1, 0, 'invalid_client', '\r\n'),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, leaf, fc.dictionary(key, tie('tree'), { maxKeys: 4 })),
}));
const body = fc.oneof(
  tree.map((value) => JSON.stringify(value)),
  fc
    .record({ access_token: fc.constant('abc.def'), expires_in: tree })
    .map((o) => JSON.stringify(o)),
  fc.uint8Array({ maxLength: 60 }),
);
const status = fc.constantFrom(200, 200, 200, 201, 301, 400, 401, 403, 429, 500, 503);
const style = fc.constantFrom('basic' as const, 'form' as const);

describe('a token endpoint', () => {
  it('that answers anything at all gives a token, or a refusal without the secret', async () => {
    await fc.assert(
      fc.asyncProperty(status, body, style, async (code, text, how) => {
        answer = { status: code, body: text };
        try {
          const given = await requestToken(client, how);
          if (given.kind === 'token') {
            expect(code).toBe(200);
            expect(given.token.value).toMatch(/^[\x21-\x7e]+$/);
            expect(given.token.lifetimeMs).toBeGreaterThan(0);
            expect(given.token.lifetimeMs).toBeLessThanOrEqual(2 ** 53);
          } else expect(given.reason).not.toContain(clientSecret);
        } catch (error) {
          expect(error).toBeInstanceOf(RefusedError);
          expect((error as Error).message).not.toContain(clientSecret);
          expect((error as Error).message.length).toBeLessThan(2_000);
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['an object in place of a number', { toString: 1, valueOf: 1 }, 300_000],
    ['a number without an end', Number.POSITIVE_INFINITY, 300_000],
    ['text', '60', 60_000],
    ['nothing', undefined, 300_000],
    ['less than nothing', -5, 300_000],
    ['a truth', true, 300_000],
    ['a list', [60], 300_000],
  ])('that tells the lifetime by %s', async (_, seconds, lifetimeMs) => {
    const told = JSON.stringify({ access_token: 'abc', expires_in: seconds });
    answer = {
      status: 200,
      body: seconds === Number.POSITIVE_INFINITY ? told.replace('null', '1e999') : told,
    };
    expect(await requestToken(client, 'basic')).toEqual({
      kind: 'token',
      token: { value: 'abc', lifetimeMs },
    });
  });

  it('that sends without end is given up, having sent little', async () => {
    answer = { status: 200, body: '' };
    endless = true;
    sentBytes = 0;
    try {
      await expect(requestToken(client, 'basic')).rejects.toThrow(/more than 65536 bytes/);
      // What the two sockets hold beyond what was read.
      expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
    } finally {
      endless = false;
    }
  });

  it('that shows the secret in another writing is not repeated', async () => {
    for (const shown of [
      encodeURIComponent(clientSecret),
      Buffer.from(clientSecret).toString('base64'),
    ]) {
      answer = {
        status: 400,
        body: JSON.stringify({ error: 'x', error_description: `not ${shown}` }),
      };
      await expect(requestToken(client, 'basic')).rejects.toThrow(/^(?!.*(s3cret|czNj)).*400.*$/s);
    }
  });
});
