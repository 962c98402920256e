import { describe, expect, it } from 'vitest';
import { deploymentOf, kafkaTrigger, secret, topics } from './kafka-sdep.ts';
import { renderTrigger as render } from './keda-render.ts';

const container = 'seldon-container-engine';

describe('authentication', () => {
  const from = secret('kafka-user', 'password');
  const sasl = (mechanism: string) => ({
    ...topics,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: '$ConnectionString',
    KAFKA_SASL_PASSWORD: from,
  });
  const fromEnv = (parameter: string, name: string) => ({
    parameter,
    name,
    containerName: container,
  });

  it.each([
    ['PLAIN', 'plaintext'],
    ['scram-sha-256', 'scram_sha256'],
    ['SCRAM-SHA-512', 'scram_sha512'],
  ])('by SASL %s is %s to KEDA, with nothing secret copied', (mechanism, type) => {
    const { trigger, metadata, authentication, reasons } = render(kafkaTrigger(), sasl(mechanism));
    expect(reasons).toEqual([]);
    expect(metadata).toMatchObject({ tls: 'enable', sasl: type });
    expect(trigger?.authenticationRef).toEqual({ name: 'iris-model-0-classifier' });
    expect(authentication).toEqual({
      env: [fromEnv('username', 'KAFKA_SASL_USERNAME'), fromEnv('password', 'KAFKA_SASL_PASSWORD')],
    });
  });

  it('without TLS enables none', () => {
    const { metadata } = render(kafkaTrigger(), {
      ...sasl('PLAIN'),
      KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext',
    });
    expect(metadata).toHaveProperty('sasl', 'plaintext');
    expect(metadata).not.toHaveProperty('tls');
  });

  it("by OAUTHBEARER passes client, token endpoint, scope and extensions by KEDA's names", () => {
    const env = {
      ...topics,
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_SASL_OAUTH_TOKEN_URL: 'https://id/token',
      KAFKA_SASL_OAUTH_CLIENT_ID: 'client',
      KAFKA_SASL_OAUTH_CLIENT_SECRET: from,
      KAFKA_SASL_OAUTH_SCOPE: 'api://kafka/.default',
      KAFKA_SASL_OAUTH_EXTENSIONS: 'logicalCluster=lkc-1,identityPoolId=pool-1',
    };
    const { metadata, authentication } = render(kafkaTrigger(), env);
    expect(metadata).toMatchObject({ tls: 'enable', sasl: 'oauthbearer' });
    expect(authentication).toEqual({
      env: [
        fromEnv('oauthTokenEndpointUri', 'KAFKA_SASL_OAUTH_TOKEN_URL'),
        fromEnv('username', 'KAFKA_SASL_OAUTH_CLIENT_ID'),
        fromEnv('password', 'KAFKA_SASL_OAUTH_CLIENT_SECRET'),
        fromEnv('scopes', 'KAFKA_SASL_OAUTH_SCOPE'),
        fromEnv('oauthExtensions', 'KAFKA_SASL_OAUTH_EXTENSIONS'),
      ],
    });
    expect(render({ type: 'apache-kafka' }, env).reasons).toEqual(['ScaleTriggerInvalid']);
  });

  it('by certificates, as the documents give them', () => {
    const env = {
      ...topics,
      KAFKA_SECURITY_PROTOCOL: 'ssl',
      KAFKA_SSL_CA_CERT: secret('seldon-cluster-ca-cert', 'ca.crt'),
      KAFKA_SSL_CLIENT_CERT: secret('seldon-user', 'user.crt'),
      KAFKA_SSL_CLIENT_KEY: secret('seldon-user', 'user.key'),
      KAFKA_SSL_CLIENT_KEY_PASS: secret('seldon-user', 'user.password'),
    };
    const { metadata, authentication } = render(kafkaTrigger(), env);
    expect(metadata).toHaveProperty('tls', 'enable');
    expect(metadata).not.toHaveProperty('sasl');
    expect(authentication).toEqual({
      env: [
        fromEnv('ca', 'KAFKA_SSL_CA_CERT'),
        fromEnv('cert', 'KAFKA_SSL_CLIENT_CERT'),
        fromEnv('key', 'KAFKA_SSL_CLIENT_KEY'),
        fromEnv('keyPassword', 'KAFKA_SSL_CLIENT_KEY_PASS'),
      ],
    });
  });

  it('by a public authority needs nothing to be shown', () => {
    const { trigger, metadata, authentication } = render(kafkaTrigger(), {
      ...topics,
      KAFKA_SECURITY_PROTOCOL: 'SSL',
    });
    expect(metadata).toHaveProperty('tls', 'enable');
    expect(authentication).toBeUndefined();
    expect(trigger).not.toHaveProperty('authenticationRef');
  });

  it("of a component without the adapter is read where the adapter's comes from", () => {
    const bare = {
      ...deploymentOf(),
      spec: { template: { spec: { containers: [{ name: 'm' }] } } },
    };
    const { authentication, warnings } = render(kafkaTrigger(), sasl('PLAIN'), bare);
    expect(authentication).toEqual({
      secretTargetRef: [{ parameter: 'password', name: 'kafka-user', key: 'password' }],
    });
    expect(warnings.map(({ message }) => message).join()).toContain('KAFKA_SASL_USERNAME');
  });

  it("of the user's own wins whole", () => {
    const own = { ...kafkaTrigger(), authenticationRef: { name: 'seldon-kafka-auth' } };
    const { trigger, metadata, authentication, reasons } = render(own, sasl('PLAIN'));
    expect(trigger?.authenticationRef).toEqual({ name: 'seldon-kafka-auth' });
    expect(metadata).not.toHaveProperty('sasl');
    expect(authentication).toBeUndefined();
    expect(reasons).toEqual([]);
  });

  it('that the user switches off stays off', () => {
    const { trigger, authentication } = render(
      kafkaTrigger({ tls: 'disable', sasl: 'none' }),
      sasl('PLAIN'),
    );
    expect(trigger).not.toHaveProperty('authenticationRef');
    expect(authentication).toBeUndefined();
  });

  it.each(['KAFKA_SECURITY_PROTOCOL', 'KAFKA_SASL_MECHANISM'])(
    'that %s does not tell here is left to the user, with a warning',
    (name) => {
      const { metadata, reasons } = render(kafkaTrigger(), {
        ...sasl('PLAIN'),
        [name]: secret('k', 'x'),
      });
      expect(reasons).toEqual(['ScalerSecurityUnknown']);
      expect(metadata).not.toHaveProperty('sasl');
    },
  );

  it.each([
    ['none', {}],
    ['sasl_plaintext', { sasl: 'plaintext' }],
    ['sasl_plain', { sasl: 'plaintext' }],
    ['sasl_ssl', { tls: 'enable' }],
    ['sasl_ssl_plain', { tls: 'enable', sasl: 'plaintext' }],
    ['sasl_scram_sha256', { sasl: 'scram_sha256' }],
    ['sasl_scram_sha512', { sasl: 'scram_sha512' }],
  ])("by KEDA 1's authMode %s is translated", (authMode, expected) => {
    const own = { ...kafkaTrigger({ authMode }), authenticationRef: { name: 'mine' } };
    const { metadata, reasons } = render(own);
    const { tls, sasl: type } = metadata ?? {};
    expect({ ...(tls && { tls }), ...(type && { sasl: type }) }).toEqual(expected);
    expect(metadata).not.toHaveProperty('authMode');
    expect(reasons).toEqual([]);
  });

  it('is not said twice to the scaler that refuses it', () => {
    const own = {
      type: 'apache-kafka',
      metadata: { authMode: 'sasl_ssl_plain' },
      authenticationRef: { name: 'mine' },
    };
    expect(render(own, sasl('PLAIN')).metadata).not.toHaveProperty('sasl');
  });
});

describe('authentication by files', () => {
  const env = (path: string) => ({
    ...topics,
    KAFKA_SECURITY_PROTOCOL: 'SSL',
    KAFKA_SSL_CA_CERT_FILE: path,
  });
  const target = (mounts: object[], volumes: object[], path = '/etc/kafka/ca.crt') =>
    render(kafkaTrigger(), env(path), deploymentOf(mounts, volumes));
  const mount = (parts: object = {}) => ({ name: 'certs', mountPath: '/etc/kafka', ...parts });
  const key = (name: string, of: string) => [{ parameter: 'ca', name, key: of }];

  it.each([
    ['a Secret', [mount()], { secret: { secretName: 'ca' } }, 'ca.crt'],
    [
      'a path that ends in a slash',
      [mount({ mountPath: '/etc/kafka/' })],
      { secret: { secretName: 'ca' } },
      'ca.crt',
    ],
    [
      'renamed keys',
      [mount()],
      { secret: { secretName: 'ca', items: [{ key: 'tls.ca', path: 'ca.crt' }] } },
      'tls.ca',
    ],
    [
      'one file',
      [mount({ mountPath: '/etc/kafka/ca.crt', subPath: 'authority' })],
      { secret: { secretName: 'ca' } },
      'authority',
    ],
    [
      'a projected volume',
      [mount()],
      { projected: { sources: [{ serviceAccountToken: {} }, { secret: { name: 'ca' } }] } },
      'ca.crt',
    ],
    [
      'a projected volume of several',
      [mount()],
      {
        projected: {
          sources: [
            { secret: { name: 'user', items: [{ key: 'k', path: 'user.key' }] } },
            { secret: { name: 'ca' } },
          ],
        },
      },
      'ca.crt',
    ],
  ])('in %s are read from it', (_, mounts, volume, of) => {
    const { authentication, reasons } = target(mounts, [{ name: 'certs', ...volume }]);
    expect(reasons).toEqual([]);
    expect(authentication).toEqual({ secretTargetRef: key('ca', of) });
  });

  it('in a ConfigMap too', () => {
    const { authentication } = target(
      [mount()],
      [{ name: 'certs', configMap: { name: 'authority' } }],
    );
    expect(authentication).toEqual({ configMapTargetRef: key('authority', 'ca.crt') });
  });

  it('are those of the innermost mount', () => {
    const mounts = [mount({ name: 'outer', mountPath: '/etc' }), mount()];
    const volumes = [
      { name: 'outer', secret: { secretName: 'other' } },
      { name: 'certs', secret: { secretName: 'ca' } },
    ];
    expect(target(mounts, volumes).authentication).toEqual({
      secretTargetRef: key('ca', 'ca.crt'),
    });
  });

  it.each([
    ['nowhere', [], []],
    [
      'a path that only begins alike',
      [mount({ mountPath: '/etc/kaf' })],
      [{ name: 'certs', secret: { secretName: 'ca' } }],
    ],
    ['no volume', [mount()], []],
    ['another kind of volume', [mount()], [{ name: 'certs', csi: { driver: 'x' } }]],
    [
      'keys that are left out',
      [mount()],
      [{ name: 'certs', secret: { secretName: 'ca', items: [{ key: 'x', path: 'x' }] } }],
    ],
    [
      'two that may both have it',
      [mount()],
      [
        {
          name: 'certs',
          projected: { sources: [{ secret: { name: 'a' } }, { secret: { name: 'b' } }] },
        },
      ],
    ],
    [
      'nonsense',
      [{}, { name: 1, mountPath: {} }],
      [{ secret: 7 }, { name: 'certs', projected: { sources: 'x' } }],
    ],
  ])('in %s are warned of: KEDA cannot read them', (_, mounts, volumes) => {
    const { authentication, metadata, warnings } = target(mounts, volumes);
    expect(authentication).toBeUndefined();
    expect(metadata).toHaveProperty('tls', 'enable');
    expect(warnings.map(({ reason }) => reason)).toEqual(['ScalerCredentialUnreadable']);
    expect(warnings[0]?.message).toContain(
      'KAFKA_SSL_CA_CERT_FILE of the adapter is (/etc/kafka/ca.crt)',
    );
  });
});
