import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createKafkaClient } from '../../../src/kafka/client.ts';
import { createKafkaSecurity } from '../../../src/kafka/security/security.ts';
import type { AdapterProcess } from '../../support/adapter-process.ts';
import { createAuthority } from '../../support/certificates.ts';
import { eventually, outputsOf, useKafkaCases } from '../../support/kafka-case.ts';
import { user, useSecureBroker } from '../../support/secure-broker.ts';

const broker = await useSecureBroker();
const begin = useKafkaCases(broker);

interface Refusal {
  readonly broker: string;
  readonly protocol: string;
  readonly mechanism?: string;
  readonly user?: string;
  readonly reason: string;
  readonly attempt: number;
  readonly retryInMs: number;
}

const refusalsIn = (adapter: AdapterProcess): Refusal[] =>
  adapter
    .output()
    .split('\n')
    .filter((line) => line.includes('cannot authenticate to the Kafka broker'))
    .map((line) => JSON.parse(line) as Refusal);

const untilRefused = (adapter: AdapterProcess, times: number): Promise<void> =>
  eventually(`${times} refusals`, () => refusalsIn(adapter).length >= times);

/** How often the broker turned somebody away since it wrote `before`. */
const turnedAway = async (before: string): Promise<number> =>
  (await broker.log()).slice(before.length).match(/Failed authentication with/g)?.length ?? 0;

const trusted = () => ({ KAFKA_SSL_CA_CERT: broker.authority.certPem, LOG_LEVEL: 'debug' });
const ignore = (): void => undefined;
const wrong = 'a-wrong-password-that-is-secret';

describe.skipIf(broker.missing)('credentials that are refused', () => {
  test('a password: named, tried ever more seldom, and taken from its file when it changes', async () => {
    const c = await begin();
    const file = await broker.file('password', wrong);
    const before = await broker.log();
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('PLAIN'),
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: user.name,
      KAFKA_SASL_PASSWORD_FILE: file,
      ...trusted(),
    });
    await c.send(0, 4);
    await untilRefused(adapter, 3);
    const told = refusalsIn(adapter);
    expect(told[0]).toMatchObject({
      broker: broker.at('PLAIN'),
      protocol: 'SASL_SSL',
      mechanism: 'PLAIN',
      user: user.name,
    });
    expect(told.map(({ attempt }) => attempt)).toEqual(told.map((_, i) => i + 1));
    const [first, second, third] = told.map(({ retryInMs }) => retryInMs);
    expect(first).toBeGreaterThanOrEqual(1_000);
    expect(second).toBeGreaterThanOrEqual(2_000);
    expect(third).toBeGreaterThanOrEqual(4_000);
    // Nothing asks the broker behind the back of what is told.
    await eventually('the same in its log', async () => (await turnedAway(before)) >= told.length);
    expect(await turnedAway(before)).toBe(told.length);

    await writeFile(file, `${user.password}\n`);
    await c.answered(4);
    expect(outputsOf(c).toSorted()).toEqual([0, 1, 2, 3]);
    expect(adapter.output()).toContain('authenticated to the Kafka broker again');
    expect(adapter.output()).not.toContain(wrong);
    expect(adapter.output()).not.toContain(user.password);
  });

  test('while it runs: what was joined goes on when the file is right again', async () => {
    const c = await begin();
    const file = await broker.file('rotated', user.password);
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('PLAIN'),
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: user.name,
      KAFKA_SASL_PASSWORD_FILE: file,
      ...trusted(),
    });
    await c.send(0, 4);
    await c.answered(4);
    await writeFile(file, wrong);
    await broker.restart();
    await c.send(4, 8);
    await untilRefused(adapter, 1);
    await writeFile(file, user.password);
    await c.answered(8);
    expect(new Set(outputsOf(c)).size).toBe(8);
    expect(adapter.output()).not.toContain(wrong);
  });

  test('right again the moment they are refused: none of several calls under way hangs', async () => {
    const file = await broker.file('corrected', wrong);
    const correct = () => writeFileSync(file, user.password);
    const log = { debug: ignore, info: ignore, warn: ignore, error: correct };
    const security = createKafkaSecurity(
      {
        tls: { ca: { setting: 'KAFKA_SSL_CA_CERT', value: broker.authority.certPem } },
        sasl: {
          mechanism: 'PLAIN',
          username: { setting: 'KAFKA_SASL_USERNAME', value: user.name },
          password: { setting: 'KAFKA_SASL_PASSWORD', file },
        },
      },
      { now: () => performance.now(), wallClock: Date.now, random: Math.random, log },
    );
    const brokers = [broker.at('PLAIN')];
    const client = { brokers, clientId: 'several', requestTimeoutMs: 30_000, security };
    const admin = createKafkaClient(client, log).admin();
    await admin.connect().catch(ignore);
    await writeFile(file, user.password);
    await admin.connect();
    await writeFile(file, wrong);
    await broker.restart();
    const calls = Array.from({ length: 4 }, () => admin.listTopics());
    await Promise.allSettled(calls);
    expect(await admin.listTopics()).toBeInstanceOf(Array);
    await admin.disconnect();
  });

  test.each(['SCRAM-SHA-256', 'SCRAM-SHA-512'])('%s: likewise', async (mechanism) => {
    const c = await begin();
    const file = await broker.file(`password-${mechanism}`, wrong);
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('SCRAM'),
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: user.name,
      KAFKA_SASL_PASSWORD_FILE: file,
      ...trusted(),
    });
    await untilRefused(adapter, 1);
    expect(refusalsIn(adapter)[0]).toMatchObject({ mechanism, user: user.name });
    await c.send(0, 2);
    await writeFile(file, user.password);
    await c.answered(2);
    expect(adapter.output()).not.toContain(wrong);
  });

  test('a client certificate: named, and certificate and key are taken when both have changed', async () => {
    const c = await begin();
    const stranger = createAuthority('of somebody else').issue({ name: 'stranger' });
    const cert = await broker.file('client.crt', stranger.certPem);
    const key = await broker.file('client.key', stranger.keyPem);
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('MTLS'),
      KAFKA_SECURITY_PROTOCOL: 'SSL',
      KAFKA_SSL_CLIENT_CERT_FILE: cert,
      KAFKA_SSL_CLIENT_KEY_FILE: key,
      ...trusted(),
    });
    await untilRefused(adapter, 1);
    expect(refusalsIn(adapter)[0]).toMatchObject({
      broker: broker.at('MTLS'),
      protocol: 'SSL',
      certificate: cert,
      reason: expect.stringContaining('the broker refused our certificate'),
    });
    await c.send(0, 2);
    await writeFile(cert, broker.client.certPem);
    await eventually('the halves are seen not to fit', () =>
      adapter.output().includes('do not belong together'),
    );
    await writeFile(key, broker.client.keyPem);
    await c.answered(2);
    expect(adapter.output()).not.toContain('PRIVATE KEY');
  });

  test('a client secret: the token endpoint is named with what it said, and the secret is not', async () => {
    const { oidc } = broker;
    const c = await begin();
    const file = await broker.file('client_secret', wrong);
    const refusedBefore = oidc.refused();
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('OAUTH'),
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_SASL_OAUTH_TOKEN_URL: oidc.tokenUrl,
      KAFKA_SASL_OAUTH_CLIENT_ID: oidc.settings.clientId,
      KAFKA_SASL_OAUTH_CLIENT_SECRET_FILE: file,
      ...trusted(),
    });
    await untilRefused(adapter, 2);
    const told = refusalsIn(adapter);
    expect(told[0]).toMatchObject({
      mechanism: 'OAUTHBEARER',
      user: oidc.settings.clientId,
      reason: `the token endpoint at ${new URL(oidc.tokenUrl).host} answered 401: invalid_client: no such client, or its secret`,
    });
    // By Basic authorisation and by form, once each for every attempt that is told.
    expect(oidc.refused() - refusedBefore).toBe(2 * told.length);
    await c.send(0, 2);
    await writeFile(file, oidc.settings.clientSecret);
    await c.answered(2);
    for (const secret of [wrong, oidc.settings.clientSecret, 'eyJ']) {
      expect(adapter.output()).not.toContain(secret);
    }
  });

  test('a token: the broker says why, and a fresh one is fetched for the next attempt', async () => {
    const { oidc } = broker;
    const c = await begin();
    oidc.settings.audience = 'somebody-else';
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('OAUTH'),
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_SASL_OAUTH_TOKEN_URL: oidc.tokenUrl,
      KAFKA_SASL_OAUTH_CLIENT_ID: oidc.settings.clientId,
      KAFKA_SASL_OAUTH_CLIENT_SECRET: oidc.settings.clientSecret,
      ...trusted(),
    });
    await untilRefused(adapter, 1);
    oidc.settings.audience = 'kafka';
    expect(refusalsIn(adapter)[0]?.reason).toMatch(/token|audience/i);
    await c.send(0, 2);
    await c.answered(2);
  });
});

describe.skipIf(broker.missing)('a broker that we must not trust', () => {
  test.each([
    [
      'signed by an authority that we do not know',
      () => ({
        KAFKA_BROKER: broker.at('TLS'),
        KAFKA_SSL_CA_CERT: createAuthority('another').certPem,
      }),
      'set KAFKA_SSL_CA_CERT',
    ],
    [
      'with a certificate for another host',
      () => ({ KAFKA_BROKER: broker.at('STRANGER') }),
      'is for another name',
    ],
  ])('%s: is not connected to, and the reason is told', async (_what, settings, reason) => {
    const c = await begin();
    const given = { KAFKA_SECURITY_PROTOCOL: 'SSL', ...trusted(), ...settings() };
    const adapter = await c.spawn(given);
    await untilRefused(adapter, 1);
    expect(refusalsIn(adapter)[0]).toMatchObject({
      broker: given.KAFKA_BROKER,
      reason: expect.stringContaining(reason),
    });
  });

  test('that wants a certificate where we have none: it is told what to set', async () => {
    const c = await begin();
    const adapter = await c.spawn({
      KAFKA_BROKER: broker.at('MTLS'),
      KAFKA_SECURITY_PROTOCOL: 'SSL',
      ...trusted(),
    });
    await untilRefused(adapter, 1);
    expect(refusalsIn(adapter)[0]?.reason).toContain('set KAFKA_SSL_CLIENT_CERT');
  });
});
