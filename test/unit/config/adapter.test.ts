import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import { adapterSettings } from '../../../src/config/adapter-settings.ts';
import { batchSettings } from '../../../src/config/batching.ts';
import { duplicateSettings } from '../../../src/config/duplicates.ts';
import { eventSettings } from '../../../src/config/events.ts';
import { drainSettings, httpSettings } from '../../../src/config/http.ts';
import { identitySettings } from '../../../src/config/identity.ts';
import { kafkaSettings } from '../../../src/config/kafka.ts';
import { overloadSettings } from '../../../src/config/overload.ts';
import { payloadLogSettings } from '../../../src/config/payload-log.ts';
import { predictorSettings } from '../../../src/config/predictor.ts';
import { processSettings } from '../../../src/config/process.ts';
import { repeatableSettings } from '../../../src/config/repeatable.ts';
import { serverSecuritySettings } from '../../../src/config/server-security.ts';
import { sinkSettings } from '../../../src/config/sink.ts';
import { tracingSettings } from '../../../src/config/tracing.ts';

type Environment = Record<string, string | undefined>;
const least: Environment = { SELDON_DEPLOYMENT_ID: 'iris', PREDICTOR_URL: 'http://m:9000' };
const kafka: Environment = {
  KAFKA_BROKER: 'a:9092, b:9092',
  KAFKA_INPUT_TOPIC: 'in',
  KAFKA_OUTPUT_TOPIC: 'out',
};
const configOf = (environment: Environment = {}, args: string[] = []) => {
  const parsed = parseAdapterConfig(args, { ...least, ...environment });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.values;
};
const problemsOf = (environment: Environment = {}, args: string[] = []): string => {
  const parsed = parseAdapterConfig(args, { ...least, ...environment });
  return parsed.ok ? '' : parsed.problems.join('\n');
};

describe('the predictor', () => {
  const engine = (graph: object): string =>
    Buffer.from(JSON.stringify({ name: 'p', graph })).toString('base64');
  const endpoint = { service_host: 'localhost', service_port: 9000 };
  const alone = { PREDICTOR_URL: '', ENGINE_PREDICTOR: engine({ name: 'resnet32', endpoint }) };

  it('may come as ENGINE_PREDICTOR, which names the model too', () => {
    const config = configOf({ ...alone, SELDON_PROTOCOL: 'tensorflow' });
    expect(config.predictorUrl?.href).toBe('http://localhost:9000/');
    expect(config.model).toBe('resnet32');
    expect(configOf({ ...alone, MODEL_NAME: 'other' }).model).toBe('other');
  });

  it('is refused where it is named twice, not at all, or by a graph that cannot be served', () => {
    expect(problemsOf({ ENGINE_PREDICTOR: alone.ENGINE_PREDICTOR })).toContain('both name the');
    expect(problemsOf({ PREDICTOR_URL: '' })).toContain('PREDICTOR_URL is not set');
    const router = { ENGINE_PREDICTOR: engine({ name: 'r', type: 'ROUTER', endpoint }) };
    expect(problemsOf({ ...alone, ...router })).toContain('"r" is a router and needs at least one');
  });

  it('may be a graph, whose nodes go by their own names', () => {
    const children = [{ name: 'a', endpoint }];
    const graph = engine({ name: 't', type: 'TRANSFORMER', endpoint, children });
    const config = configOf({ ...alone, ENGINE_PREDICTOR: graph, MODEL_NAME: 'other' });
    expect(config).toMatchObject({ predictorUrl: undefined, model: 't' });
    expect(config.graph?.root.children).toHaveLength(1);
    expect(config.warnings).toEqual([expect.stringContaining('MODEL_NAME is not heeded')]);
    const same = { ...alone, ENGINE_PREDICTOR: graph, MODEL_NAME: 't' };
    expect(configOf(same).warnings).toEqual([]);
  });

  it('may be called more than once for a request only where it is marked so, by names that there are', () => {
    expect(problemsOf({ HEDGE_AFTER_MS: '50' })).toContain('name in REPEATABLE_NODES');
    expect(problemsOf({ HEDGE_AFTER_MS: '50', REPEATABLE_NODES: '*' })).toBe('');
    expect(problemsOf({ REPEATABLE_NODES: 'm' })).toContain(
      'no node m; write * (there is no graph)',
    );
    const children = [{ name: 'a', endpoint }];
    const graph = engine({ name: 't', type: 'TRANSFORMER', endpoint, children });
    const named = { ...alone, ENGINE_PREDICTOR: graph };
    expect(problemsOf({ ...named, REPEATABLE_NODES: 'a,b' })).toContain(
      'no node b; write * or t, a',
    );
    expect(configOf({ ...named, REPEATABLE_NODES: 'a' }).repeatableNodes).toEqual(['a']);
  });

  it('is not merged into batches where it is a graph', () => {
    const children = [{ name: 'a', endpoint }];
    const graph = engine({ name: 't', type: 'TRANSFORMER', endpoint, children });
    const settings = { ...alone, ENGINE_PREDICTOR: graph, BATCH_MAX_SIZE: '8' };
    expect(problemsOf(settings)).toContain('BATCH_MAX_SIZE merges requests for one model');
    expect(problemsOf({ ...alone, BATCH_MAX_SIZE: '8' })).toBe('');
  });

  it('warns of loggers whose copies have nowhere to go', () => {
    const children = [{ name: 'a', endpoint, logger: { mode: 'all', url: 'http://sink' } }];
    const graph = engine({ name: 't', endpoint, logger: { mode: 'request' }, children });
    const settings = { ...alone, ENGINE_PREDICTOR: graph };
    expect(configOf(settings).warnings).toEqual([
      expect.stringContaining('payloads of t are not logged'),
    ]);
    const sink = { REQUEST_LOGGER_DEFAULT_ENDPOINT: 'http://broker/default' };
    expect(configOf({ ...settings, ...sink }).warnings).toEqual([]);
  });

  it('has no built-in units that its protocol does not know', () => {
    const graph = engine({ name: 's', implementation: 'SIMPLE_MODEL' });
    const settings = { ...alone, ENGINE_PREDICTOR: graph };
    expect(problemsOf(settings)).toBe('');
    expect(problemsOf({ ...settings, SELDON_PROTOCOL: 'v2' })).toContain('SIMPLE_MODEL speaks');
  });
});

describe('the transport', () => {
  const engine = (endpoint: object): string =>
    Buffer.from(JSON.stringify({ name: 'p', graph: { name: 'm', endpoint } })).toString('base64');
  const both = { service_host: 'h', service_port: 9500, httpPort: 9000, grpcPort: 9500 };
  const byEngine = (endpoint: object, more: Environment = {}): Environment => ({
    PREDICTOR_URL: '',
    ENGINE_PREDICTOR: engine(endpoint),
    ...more,
  });

  const grpc = { ...both, type: 'GRPC' };
  /** A transformer before that endpoint. */
  const graphOf = (endpoint: object, more: Environment = {}, type = 'TRANSFORMER', own = both) => {
    const children = [{ name: 'a', endpoint }];
    const graph = { name: 't', type, endpoint: own, children };
    const text = Buffer.from(JSON.stringify({ graph })).toString('base64');
    return { PREDICTOR_URL: '', ENGINE_PREDICTOR: text, ...more };
  };

  it.each<[Environment, string, string]>([
    [{ PREDICTOR_URL: 'grpc://h:9500' }, 'grpc', 'grpc://h:9500'],
    [{ PREDICTOR_URL: 'grpcs://[::1]:9500/base' }, 'grpc', 'grpcs://[::1]:9500/base'],
    [{ PREDICTOR_URL: 'grpc://h:9500', SELDON_TRANSPORT: 'grpc' }, 'grpc', 'grpc://h:9500'],
    [{ PREDICTOR_URL: 'https://h', SELDON_TRANSPORT: 'REST' }, 'rest', 'https://h/'],
    [byEngine({ ...both, type: 'GRPC' }), 'grpc', 'grpc://h:9500'],
    [byEngine({ ...both, type: 'REST' }), 'rest', 'http://h:9000/'],
    [byEngine(both, { SELDON_TRANSPORT: 'grpc' }), 'grpc', 'grpc://h:9500'],
    [byEngine({ ...both, type: 'GRPC' }, { SELDON_TRANSPORT: 'rest' }), 'rest', 'http://h:9000/'],
  ])(
    'follows from the address, else from the setting, else from the graph: %j',
    (given, transport, url) => {
      const config = configOf(given);
      expect([config.transport, config.predictorUrl?.href]).toEqual([transport, url]);
    },
  );

  it.each<[Environment, string]>([
    [{ PREDICTOR_URL: 'http://h:1', SELDON_TRANSPORT: 'grpc' }, 'write it as grpc://'],
    [{ PREDICTOR_URL: 'grpc://h:1', SELDON_TRANSPORT: 'rest' }, 'write it as http://'],
    [{ PREDICTOR_URL: 'grpc://h:1', BATCH_MAX_SIZE: '4' }, 'BATCH_MAX_SIZE'],
    [byEngine({ service_host: 'h', httpPort: 1 }, { SELDON_TRANSPORT: 'grpc' }), 'grpcPort'],
    [
      byEngine({ service_host: 'h', grpcPort: 1, type: 'GRPC' }, { SELDON_TRANSPORT: 'rest' }),
      'httpPort',
    ],
    [
      graphOf(grpc),
      'the endpoints of a are of type GRPC, and those of t of type REST, but a graph',
    ],
    [
      graphOf({ service_host: 'h', httpPort: 1 }, { SELDON_TRANSPORT: 'grpc' }),
      'the endpoint of a has no grpcPort (or service_port with type GRPC)',
    ],
    [
      graphOf({ service_host: 'h', grpcPort: 1, type: 'GRPC' }, { SELDON_TRANSPORT: 'rest' }),
      'the endpoint of a has no httpPort (or service_port with type REST)',
    ],
    [
      graphOf(grpc, { SELDON_PROTOCOL: 'v2' }, 'ROUTER', grpc),
      't routes or combines, for which the v2 protocol has no call over gRPC',
    ],
    [graphOf(grpc, { SELDON_PROTOCOL: 'tensorflow' }, 'COMBINER', grpc), 't routes or combines'],
    [{ PREDICTOR_TLS_CERT_FILE: '/c' }, 'PREDICTOR_TLS_KEY_FILE'],
    [{ GRPC_PORT: '8080' }, 'GRPC_PORT'],
  ])('that cannot be is refused: %j', (given, problem) => {
    expect(problemsOf(given)).toContain(problem);
  });

  it.each<[Environment, string, string[]]>([
    [graphOf(both), 'rest', []],
    [graphOf(grpc, {}, 'TRANSFORMER', grpc), 'grpc', []],
    [graphOf(grpc, {}, 'ROUTER', grpc), 'grpc', []],
    [
      graphOf(grpc, { SELDON_TRANSPORT: 'rest' }),
      'rest',
      ['the endpoints of a are of type GRPC, but are called over rest'],
    ],
    [
      graphOf(grpc, { SELDON_TRANSPORT: 'grpc' }),
      'grpc',
      ['the endpoints of t are of type REST, but are called over grpc'],
    ],
  ])(
    'of a graph is one, that of all its endpoints or the setting: %j',
    (given, transport, words) => {
      const config = configOf(given);
      expect(config).toMatchObject({ transport, predictorUrl: undefined });
      const { root } = config.graph ?? {};
      for (const node of [root, root?.children[0]]) {
        expect(node?.endpoint?.transport).toBe(transport);
      }
      expect(config.warnings).toEqual(words.map((word) => expect.stringContaining(word)));
    },
  );

  it('over gRPC warns of loggers without a sink, as over REST, and of no others', () => {
    const graph = { name: 'm', logger: { mode: 'all' }, endpoint: { ...both, type: 'GRPC' } };
    const text = Buffer.from(JSON.stringify({ graph })).toString('base64');
    const settings = { PREDICTOR_URL: '', ENGINE_PREDICTOR: text };
    expect(configOf(settings).warnings).toEqual([
      expect.stringContaining('payloads of m are not logged'),
    ]);
    const sink = { REQUEST_LOGGER_DEFAULT_ENDPOINT: 'http://broker/default' };
    expect(configOf({ ...settings, ...sink }).warnings).toEqual([]);
  });

  it('over gRPC no path needs the name of a model', () => {
    expect(configOf({ PREDICTOR_URL: 'grpc://h:1', SELDON_PROTOCOL: 'v2' }).model).toBeUndefined();
  });

  it("a gRPC port before a predictor over REST is no warning: Seldon's operator always names one", () => {
    expect(configOf({ GRPC_PORT: '5001' }).warnings).toEqual([]);
  });
});

describe('the defaults of design.md §3.7', () => {
  it('hold where only the deployment and the predictor are named', () => {
    expect(configOf()).toMatchObject({
      sdep: 'iris',
      namespace: 'default',
      predictor: 'default',
      protocol: 'seldon',
      transport: 'rest',
      httpHost: '0.0.0.0',
      httpPort: 8080,
      metricsPath: '/metrics',
      maxBodyBytes: 10 * 1024 * 1024,
      maxConcurrency: 64,
      maxWaiting: 256,
      requestTimeoutMs: 30_000,
      attemptTimeoutMs: 30_000,
      drainDelayMs: 3_000,
      drainTimeoutMs: 12_000,
      eventTypes: [],
      propagateExtensions: [],
      responseId: 'derived',
      ordering: 'partition',
      workers: 16,
      maxAttempts: 8,
      offsetReset: 'earliest',
      logLevel: 'info',
      kafka: undefined,
      warnings: [],
    });
    expect(configOf().responseSource).toBeUndefined();
  });

  it('name the error topic after the output topic, and the group after the predictor', () => {
    expect(configOf({ ...kafka, SELDON_NAMESPACE: 'prod', PREDICTOR_ID: 'canary' }).kafka).toEqual({
      brokers: ['a:9092', 'b:9092'],
      inputTopic: 'in',
      outputTopic: 'out',
      errorTopic: 'out.errors',
      consumerGroup: 'canary.iris.prod',
    });
    const named = { ...kafka, KAFKA_ERROR_TOPIC: 'dead', KAFKA_CONSUMER_GROUP: 'mine' };
    expect(configOf(named).kafka).toMatchObject({ errorTopic: 'dead', consumerGroup: 'mine' });
  });

  it('take the namespace of the pod, the log level by its old name, the executor by its flags', () => {
    const environment = { POD_NAMESPACE: 'pods', SELDON_LOG_LEVEL: 'DEBUG' };
    const args = ['--http_port', '9000', '-sdep=wine', '--graceful_timeout', '5s'];
    expect(configOf(environment, args)).toMatchObject({
      namespace: 'pods',
      logLevel: 'debug',
      httpPort: 9000,
      sdep: 'wine',
      drainTimeoutMs: 5_000,
    });
  });

  it('give one attempt the time of the request', () => {
    expect(configOf({ REQUEST_TIMEOUT_MS: '7s' }).attemptTimeoutMs).toBe(7_000);
    const both = { REQUEST_TIMEOUT_MS: '7s', ATTEMPT_TIMEOUT_MS: '2s' };
    expect(configOf(both).attemptTimeoutMs).toBe(2_000);
  });
});

describe('CORRELATION_ATTRIBUTE and REPLY_ATTRIBUTE', () => {
  it.each(['time', 'id', 'data', 'dataschema', 'causationid', 'Reply-Id', 'reply id'])(
    'cannot be %j',
    (name) => {
      for (const variable of ['CORRELATION_ATTRIBUTE', 'REPLY_ATTRIBUTE']) {
        expect(problemsOf({ [variable]: name })).toMatch(new RegExp(`^${variable}: .*attribute`));
      }
    },
  );

  it('cannot be the same', () => {
    expect(problemsOf({ REPLY_ATTRIBUTE: 'correlationid' })).toContain('are the same');
  });
});

describe('the groups of settings', () => {
  it('have no names in common: merged, one would hide the other', () => {
    const groups = [
      identitySettings,
      predictorSettings,
      repeatableSettings,
      httpSettings,
      serverSecuritySettings,
      overloadSettings,
      drainSettings,
      eventSettings,
      duplicateSettings,
      sinkSettings,
      batchSettings,
      payloadLogSettings,
      kafkaSettings,
      processSettings,
      tracingSettings,
    ];
    const names = groups.flatMap((group) => Object.keys(group));
    expect(Object.keys(adapterSettings).sort()).toEqual(names.sort());
  });

  it('REQUEST_TIMEOUT_MS and KAFKA_REQUEST_TIMEOUT_MS are two settings', () => {
    const config = configOf({ REQUEST_TIMEOUT_MS: '7s', KAFKA_REQUEST_TIMEOUT_MS: '9s' });
    expect([config.requestTimeoutMs, config.kafkaRequestTimeoutMs]).toEqual([7_000, 9_000]);
  });
});

describe('what must hold between settings', () => {
  it.each(['tensorflow', 'v2'])('%s needs a model', (protocol) => {
    expect(problemsOf({ SELDON_PROTOCOL: protocol })).toContain('MODEL_NAME');
    expect(problemsOf({ SELDON_PROTOCOL: protocol, MODEL_NAME: 'iris' })).toBe('');
  });

  it.each([
    [{ KAFKA_BROKER: 'a:1', KAFKA_OUTPUT_TOPIC: 'out' }, 'KAFKA_INPUT_TOPIC'],
    [{ KAFKA_INPUT_TOPIC: 'in', KAFKA_OUTPUT_TOPIC: 'out' }, 'KAFKA_BROKER'],
    [{ KAFKA_BROKER: 'a:1', KAFKA_INPUT_TOPIC: 'in' }, 'KAFKA_OUTPUT_TOPIC'],
    [{ SERVER_TYPE: 'kafka' }, 'KAFKA_BROKER'],
  ])('half a Kafka path is none: %j', (environment, missing) => {
    expect(problemsOf(environment)).toContain(missing);
  });

  it.each([
    { KAFKA_OUTPUT_TOPIC: 'in' },
    { KAFKA_ERROR_TOPIC: 'in' },
    { KAFKA_ERROR_TOPIC: 'out' },
    { KAFKA_INPUT_TOPIC: 'out.errors' },
  ])('topics never feed each other: %j', (environment) => {
    expect(problemsOf({ ...kafka, ...environment })).toContain('must differ');
  });

  it.each([',', 'kafka', 'a:9092,b', 'PLAINTEXT://a:9092', 'a:'])(
    'brokers are host:port, not %s',
    (brokers) => {
      expect(problemsOf({ ...kafka, KAFKA_BROKER: brokers })).toContain('host:port');
    },
  );

  it.each(['TLS_CERT_FILE', 'TLS_CLIENT_CA_FILE', 'OIDC_AUDIENCE', 'OIDC_SUBJECTS'])(
    '%s alone, which would protect, is refused rather than ignored',
    (name) => {
      expect(problemsOf({ [name]: 'secret' })).toContain(name);
      expect(problemsOf({ [name]: 'secret' })).not.toContain('secret');
      expect(problemsOf({ [name]: '' })).toBe('');
    },
  );

  it('what belongs to certificates and tokens is asked for whole', () => {
    expect(problemsOf({ TLS_CERT_FILE: '/c' })).toContain('TLS_KEY_FILE');
    expect(problemsOf({ TLS_CERT_FILE: '/c', TLS_KEY_FILE: '/k' })).toBe('');
    expect(problemsOf({ OIDC_ISSUER: 'https://issuer', OIDC_AUDIENCE: 'us' })).toBe('');
    expect(configOf({ OIDC_ISSUER: 'https://i', OIDC_SUBJECTS: 'a, b*' }).oidcSubjects).toEqual([
      'a',
      'b*',
    ]);
  });

  it.each(['http://issuer', 'issuer', 'https://u:p@issuer', 'https://issuer/?a', 'file:///keys'])(
    'keys are not taken from %s',
    (issuer) => {
      expect(problemsOf({ OIDC_ISSUER: issuer })).toContain('OIDC_ISSUER');
    },
  );

  it.each([
    { KAFKA_SECURITY_PROTOCOL: 'TLS' },
    { KAFKA_ORDER: 'random' },
    { KAFKA_DELIVERY: 'at-most-once' },
    { SELDON_TRANSPORT: 'carrier-pigeon' },
  ])('what is not supported is refused: %j', (environment) => {
    expect(problemsOf(environment)).toContain(Object.keys(environment)[0]);
  });

  it.each(['KAFKA_AUTO_COMMIT', 'KAFKA_FULL_GRAPH'])(
    '%s is accepted, with a word on what happens instead',
    (name) => {
      expect(configOf({ [name]: 'true' }).warnings).toHaveLength(1);
      expect(configOf({ [name]: 'true' }).warnings[0]).toContain(name);
    },
  );

  it('all problems are told at once', () => {
    const problems = problemsOf({
      SELDON_DEPLOYMENT_ID: '',
      PREDICTOR_URL: 'm:9000',
      HTTP_PORT: '70000',
      PROPAGATE_EXTENSIONS: 'ok,Not-Ok',
      OIDC_ISSUER: 'x',
    });
    for (const name of [
      'SELDON_DEPLOYMENT_ID',
      'PREDICTOR_URL',
      'HTTP_PORT',
      'PROPAGATE_EXTENSIONS',
      'OIDC_ISSUER',
    ]) {
      expect(problems).toContain(name);
    }
  });

  it('what does not fit together is told with the rest, and only where both sides could be read', () => {
    const problems = problemsOf({ HTTP_PORT: 'x', SELDON_PROTOCOL: 'v2', SERVER_TYPE: 'kafka' });
    for (const name of ['HTTP_PORT', 'MODEL_NAME', 'KAFKA_BROKER'])
      expect(problems).toContain(name);
    expect(problemsOf({ SELDON_PROTOCOL: 'v2', MODEL_NAME: 'a/b' })).not.toContain('is not set');
  });

  it("kfserving, Seldon's older name, is v2", () => {
    expect(configOf({ SELDON_PROTOCOL: 'kfserving', MODEL_NAME: 'm' }).protocol).toBe('v2');
  });

  it('the config cannot be changed', () => {
    expect(Object.isFrozen(configOf())).toBe(true);
  });
});
