import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adapter } from '../../../src/commands/adapter.ts';
import { demo } from '../../../src/commands/demo.ts';
import { eventually, outputsOf, useKafkaCases } from '../../support/kafka-case.ts';
import { startProduce } from '../../support/run-produce.ts';
import {
  passphrase,
  type SecureBroker,
  user,
  useSecureBroker,
} from '../../support/secure-broker.ts';

const broker = await useSecureBroker();
const begin = useKafkaCases(broker);

type Settings = Readonly<Record<string, string>>;

const trusted = (): Settings => ({ KAFKA_SSL_CA_CERT: broker.authority.certPem });
const login = (mechanism: string): Settings => ({
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: user.name,
  KAFKA_SASL_PASSWORD: user.password,
  ...trusted(),
});
const oauth = ({ oidc }: SecureBroker): Settings => ({
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
  KAFKA_SASL_OAUTH_TOKEN_URL: oidc.tokenUrl,
  KAFKA_SASL_OAUTH_CLIENT_ID: oidc.settings.clientId,
  KAFKA_SASL_OAUTH_CLIENT_SECRET: oidc.settings.clientSecret,
  ...trusted(),
});

const ways: readonly (readonly [string, () => Settings | Promise<Settings>])[] = [
  [
    'TLS with a private authority alone, the server known by name',
    () => ({ KAFKA_BROKER: broker.at('TLS'), KAFKA_SECURITY_PROTOCOL: 'ssl', ...trusted() }),
  ],
  [
    'mTLS with an encrypted key, all from files',
    async () => ({
      KAFKA_BROKER: broker.at('MTLS'),
      KAFKA_SECURITY_PROTOCOL: 'SSL',
      KAFKA_SSL_CA_CERT_FILE: await broker.file('ca.crt', broker.authority.certPem),
      KAFKA_SSL_CLIENT_CERT_FILE: await broker.file('tls.crt', broker.client.certPem),
      KAFKA_SSL_CLIENT_KEY_FILE: await broker.file(
        'tls.key',
        broker.client.encryptedKeyPem(passphrase),
      ),
      KAFKA_SSL_CLIENT_KEY_PASS_FILE: await broker.file('tls.pass', `${passphrase}\n`),
    }),
  ],
  ['SASL PLAIN', () => ({ KAFKA_BROKER: broker.at('PLAIN'), ...login('plain') })],
  ['SCRAM-SHA-256', () => ({ KAFKA_BROKER: broker.at('SCRAM'), ...login('SCRAM-SHA-256') })],
  ['SCRAM-SHA-512', () => ({ KAFKA_BROKER: broker.at('SCRAM'), ...login('scram-sha-512') })],
  [
    'OAUTHBEARER with scope and extensions',
    () => ({
      KAFKA_BROKER: broker.at('OAUTH'),
      ...oauth(broker),
      KAFKA_SASL_OAUTH_SCOPE: 'kafka:produce kafka:consume',
      KAFKA_SASL_OAUTH_EXTENSIONS: 'logicalCluster=lkc-1,identityPoolId=pool-2',
    }),
  ],
];

describe.skipIf(broker.missing)('a secured broker', () => {
  test.each(ways)('%s: a record goes in and its answer comes out', async (_way, settings) => {
    const c = await begin({ partitions: 2 });
    await c.start(await settings());
    await c.send(0, 4);
    await c.answered(4);
    expect(outputsOf(c).toSorted()).toEqual([0, 1, 2, 3]);
  });

  test('one token serves all connections, and the scope is asked for', async () => {
    const { granted } = broker.oidc;
    granted.length = 0;
    const c = await begin();
    await c.start({
      KAFKA_BROKER: broker.at('OAUTH'),
      ...oauth(broker),
      KAFKA_SASL_OAUTH_SCOPE: 'a b',
    });
    await c.send(0, 2);
    await c.answered(2);
    expect(granted).toEqual([{ style: 'basic', scope: 'a b' }]);
  });

  test('a token endpoint that takes no Basic authorisation is shown the secret in the form', async () => {
    const { oidc } = broker;
    oidc.granted.length = 0;
    oidc.settings.styles = ['form'];
    try {
      const c = await begin();
      await c.start({ KAFKA_BROKER: broker.at('OAUTH'), ...oauth(broker) });
      await c.send(0, 2);
      await c.answered(2);
      expect(oidc.granted).toEqual([{ style: 'form', scope: null }]);
    } finally {
      oidc.settings.styles = ['basic', 'form'];
    }
  });

  test('a session ends with its token: connections go on with fresh ones, and nothing is lost', async () => {
    const { oidc } = broker;
    // A connection renews within 10 s of the end of its session: so every 2 s.
    oidc.settings.lifetimeSeconds = 12;
    try {
      const c = await begin();
      await c.start({ KAFKA_BROKER: broker.at('OAUTH'), ...oauth(broker) });
      await c.send(0, 2);
      await c.answered(2);
      let sent = 2;
      oidc.granted.length = 0;
      await eventually('further tokens', async () => {
        await c.send(sent, sent + 2);
        sent += 2;
        return oidc.granted.length >= 6;
      });
      await c.answered(sent);
      expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: sent }, (_, n) => n),
      );
    } finally {
      oidc.settings.lifetimeSeconds = 3_600;
    }
  });

  test('produce writes to it', async () => {
    const c = await begin();
    const settings = { KAFKA_BROKER: broker.at('SCRAM'), ...login('SCRAM-SHA-512') };
    const produce = await startProduce(
      ['--topic', c.output, '--count', '2', '--rate', '100'],
      settings,
    );
    expect(await produce.done).toBe(0);
    expect(produce.sent()).toHaveLength(2);
  });

  test('the demo runs through it', async () => {
    const lines: string[] = [];
    const start = await demo.start({
      args: ['--kafka', '--http-port=0', '--display-port=0'],
      environment: { KAFKA_BROKER: broker.at('PLAIN'), ...login('PLAIN') },
      print: (line) => void lines.push(line),
      complain: (line) => void lines.push(line),
      onLine: () => undefined,
    });
    if (start.kind !== 'running') throw new Error(start.problems.join('\n'));
    await start.running.stop();
    expect(lines.join('\n')).toContain('< ce_type: seldon.iris-deployment.default.response');
  });

  test('what is wrong with the files is all told before anything starts', async () => {
    const absent = join(await broker.file('present', 'x'), '..', 'absent');
    const start = await adapter.start({
      args: [],
      environment: {
        SELDON_DEPLOYMENT_ID: 'iris',
        PREDICTOR_URL: 'http://127.0.0.1:9',
        KAFKA_INPUT_TOPIC: 'in',
        KAFKA_OUTPUT_TOPIC: 'out',
        KAFKA_BROKER: broker.at('PLAIN'),
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
        KAFKA_SASL_MECHANISM: 'PLAIN',
        KAFKA_SASL_USERNAME: user.name,
        KAFKA_SASL_PASSWORD_FILE: absent,
        KAFKA_SSL_CA_CERT_FILE: `${absent}.crt`,
      },
      print: () => undefined,
      complain: () => undefined,
      onLine: () => undefined,
    });
    expect(start).toEqual({
      kind: 'wrong-settings',
      problems: [
        `KAFKA_SSL_CA_CERT_FILE: ${absent}.crt cannot be read (ENOENT)`,
        `KAFKA_SASL_PASSWORD_FILE: ${absent} cannot be read (ENOENT)`,
      ],
    });
  });
});
