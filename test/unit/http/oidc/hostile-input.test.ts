/** Whatever a caller shows as a token, and an issuer answers when it is asked for its keys. */

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AdapterError } from '../../../../src/errors.ts';
import { createIssuerKeys } from '../../../../src/http/oidc/issuer-keys.ts';
import { createVerifyToken } from '../../../../src/http/oidc/verify-token.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../support/token-issuer.ts';

const audience = 'machinelearning.seldon.io/seldondeployment/tests/iris';
const open: TokenIssuer[] = [];
afterEach(async () => {
  for (const issuer of open.splice(0)) await issuer.close();
});

async function begin(subjects?: readonly string[]) {
  const server = await startTokenIssuer();
  open.push(server);
  const keysOf = () =>
    createIssuerKeys(
      { issuer: server.issuer, caFile: undefined, tokenFile: undefined },
      {
        now: () => 0,
        schedule: () => () => undefined,
        log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
        withdrawn: ignore,
      },
    );
  const keys = keysOf();
  await keys.current();
  const verify = createVerifyToken(
    { issuer: server.issuer, audience, subjects },
    { keys, wallClock: Date.now },
  );
  return { server, keysOf, verify };
}
const ignore = (): void => undefined;

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'VERIFIED',
    (error: unknown) => (error instanceof AdapterError ? error.code : `thrown: ${String(error)}`),
  );

const claim = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, true, -1, 0, 1e308, 'x', [], {}, [audience], audience),
);
const names = ['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', '__proto__', 'toString'] as const;
const claims = fc.dictionary(fc.constantFrom(...names), claim, { maxKeys: 4 });
const header = fc.dictionary(
  fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'jwk', 'x5u', 'zip', '__proto__'),
  fc.oneof(claim, fc.constantFrom('none', 'HS256', 'RS256', 'ES256', ['b64'])),
  { maxKeys: 3 },
);

describe('a token', () => {
  it('of any text is refused as such', async () => {
    const { verify } = await begin();
    const part = fc.oneof(
      fc.stringMatching(/^[\w-]{0,30}$/),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
      header.map((one) => Buffer.from(JSON.stringify(one)).toString('base64url')),
    );
    const token = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(token, async (text) => {
        expect(await codeOf(verify(text))).toBe('TOKEN_REFUSED');
      }),
      { numRuns: 500 },
    );
  });

  it('signed by the issuer may say anything: it is verified, or refused', async () => {
    const { server, verify } = await begin(['system:serviceaccount:tests:*']);
    await fc.assert(
      fc.asyncProperty(claims, header, async (given, head) => {
        const code = await codeOf(verify(server.token(given, head)));
        // Of a key that is not known the issuer is asked, and not again within seconds.
        const other = head['kid'] === undefined ? 'VERIFIED' : 'ISSUER_UNREACHABLE';
        expect(['VERIFIED', 'TOKEN_REFUSED', 'SUBJECT_NOT_ALLOWED', other]).toContain(code);
        if (code === 'VERIFIED') {
          expect(given['sub'] ?? 'system:serviceaccount:tests:').toMatch(/^system:/);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([[5], [null], [{}], [['a']], [''], [true]])(
    'whose subject is no text but %j is refused, not failed at',
    async (sub) => {
      for (const subjects of [undefined, ['a*'], ['a']]) {
        const { server, verify } = await begin(subjects);
        expect(await codeOf(verify(server.token({ sub })))).toBe('TOKEN_REFUSED');
      }
    },
  );
});

describe('an issuer', () => {
  it('that describes itself in any way has keys, or cannot be asked', async () => {
    const { server, keysOf } = await begin();
    const lie = fc.dictionary(
      fc.constantFrom('issuer', 'jwks_uri', '__proto__'),
      fc.oneof(
        claim,
        fc.webUrl(),
        fc.constantFrom(server.issuer, 'file:///etc/passwd', 'data:,{}'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(lie, async (discovery) => {
        // No look at other machines.
        const { jwks_uri: uri } = discovery;
        if (typeof uri === 'string' && /^https?:/.test(uri)) discovery['jwks_uri'] = 'x:';
        server.answers.discovery = discovery;
        const keys = keysOf();
        const code = await codeOf(Promise.resolve(keys.current()));
        keys.close();
        expect(['VERIFIED', 'ISSUER_UNREACHABLE']).toContain(code);
      }),
      { numRuns: 60 },
    );
  });

  it('that answers anything at all cannot be asked, and says why in bounded words', async () => {
    const { server, keysOf } = await begin();
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc
        .jsonValue()
        .map((keys) =>
          JSON.stringify({ issuer: server.issuer, jwks_uri: `${server.issuer}/k`, keys }),
        ),
      fc
        .array(fc.dictionary(fc.constantFrom('kty', 'n', 'e', 'kid', 'alg', 'crv', 'use'), claim))
        .map((keys) =>
          JSON.stringify({ issuer: server.issuer, jwks_uri: `${server.issuer}/k`, keys }),
        ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(200, 200, 200, 302, 404, 500),
        body,
        async (status, text) => {
          server.answers.failure = { status, body: text };
          const keys = keysOf();
          const told = await Promise.resolve(keys.current()).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (told !== undefined) {
            expect(told).toMatchObject({ code: 'ISSUER_UNREACHABLE', status: 503 });
            expect((told as Error).message.length).toBeLessThan(1_000);
          }
          const verify = createVerifyToken(
            { issuer: server.issuer, audience, subjects: undefined },
            { keys, wallClock: Date.now },
          );
          expect(['TOKEN_REFUSED', 'ISSUER_UNREACHABLE']).toContain(
            await codeOf(verify(server.token())),
          );
          keys.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
