import { afterEach, describe, expect, it } from 'vitest';
import { createTokenStore } from '../../../../src/kafka/security/token.ts';
import type { TokenClient } from '../../../../src/kafka/security/token-request.ts';
import {
  type OidcServer,
  type OidcSettings,
  startOidcServer,
} from '../../../support/oidc-server.ts';

const open: OidcServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function begin(settings: Partial<OidcSettings> = {}) {
  const oidc = await startOidcServer(settings);
  open.push(oidc);
  const clock = { nowMs: 0 };
  const store = createTokenStore({ now: () => clock.nowMs });
  const { clientId, clientSecret } = oidc.settings;
  const client: TokenClient = {
    tokenUrl: new URL(oidc.tokenUrl),
    clientId,
    clientSecret,
    scope: undefined,
  };
  return { oidc, clock, store, client };
}

const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it was granted',
    (error: Error) => error.message,
  );

describe('access tokens', () => {
  it('are asked for once, however many want one', async () => {
    const { oidc, store, client } = await begin();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => store.get(client)));
    expect(new Set(tokens).size).toBe(1);
    expect(oidc.granted).toHaveLength(1);
  });

  it('are kept until a minute before their end, and renewed then', async () => {
    const { oidc, clock, store, client } = await begin({ lifetimeSeconds: 600 });
    await store.get(client);
    clock.nowMs = 539_000;
    await store.get(client);
    expect(oidc.granted).toHaveLength(1);
    clock.nowMs = 541_000;
    await store.get(client);
    expect(oidc.granted).toHaveLength(2);
  });

  it('serve to their end where a renewal fails, and not longer', async () => {
    const { oidc, clock, store, client } = await begin({ lifetimeSeconds: 600 });
    const token = await store.get(client);
    oidc.settings.failure = { status: 503, body: 'out of order' };
    clock.nowMs = 599_000;
    expect(await store.get(client)).toBe(token);
    clock.nowMs = 601_000;
    expect(await reasonOf(store.get(client))).toBe(
      `the token endpoint at ${client.tokenUrl.host} answered 503`,
    );
  });

  it('of another secret are asked for at once, and so is one in place of a refused one', async () => {
    const { oidc, store, client } = await begin();
    const token = await store.get(client);
    store.discard(token);
    await store.get(client);
    expect(oidc.granted).toHaveLength(2);
    oidc.settings.clientSecret = 'another';
    await store.get({ ...client, clientSecret: 'another' });
    expect(oidc.granted).toHaveLength(3);
  });

  it('come by form where Basic is not taken, from then on at once', async () => {
    const { oidc, store, client } = await begin({ styles: ['form'] });
    store.discard(await store.get(client));
    await store.get(client);
    expect(oidc.granted.map(({ style }) => style)).toEqual(['form', 'form']);
    expect(oidc.refused()).toBe(1);
  });

  it.each([
    [
      400,
      '{"error":"invalid_scope","error_description":"no such scope"}',
      ': invalid_scope: no such scope',
    ],
    [302, '', ''],
    [500, '<html>oops</html>', ''],
  ])(
    'that are refused with %i %s: host, status and what was said are told',
    async (status, body, said) => {
      const { oidc, store, client } = await begin();
      oidc.settings.failure = { status, body };
      expect(await reasonOf(store.get(client))).toBe(
        `the token endpoint at ${client.tokenUrl.host} answered ${status}${said}`,
      );
    },
  );

  it.each(['{}', '[]', 'null', '{"access_token":7}', '{"access_token":"a\\u0001b"}'])(
    'that are none are not used: %s',
    async (body) => {
      const { oidc, store, client } = await begin();
      oidc.settings.failure = { status: 200, body };
      expect(await reasonOf(store.get(client))).toContain('without a usable access_token');
    },
  );

  it('that cannot be had: an endpoint that is away, and one that repeats the secret', async () => {
    const { oidc, store, client } = await begin();
    const error_description = `wrong: ${client.clientSecret}`;
    const body = JSON.stringify({ error: 'invalid_request', error_description });
    oidc.settings.failure = { status: 400, body };
    expect(await reasonOf(store.get(client))).toMatch(/invalid_request: wrong: \[secret\]$/);
    await oidc.close();
    open.length = 0;
    expect(await reasonOf(store.get(client))).toMatch(/cannot be reached: ECONNREFUSED$/);
  });
});
