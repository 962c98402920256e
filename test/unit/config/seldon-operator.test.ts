/** The command lines and variables of Seldon's operator are settings of ours, unchanged. */

import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import type { ConfigFiles } from '../../../src/config/predictor-file.ts';
import {
  type EngineOptions,
  engineContainer,
  enginePredictor,
} from '../../support/seldon-operator.ts';

function configOf(options: EngineOptions, files?: ConfigFiles, more: string[] = []) {
  const { args, env } = engineContainer(options);
  const parsed = parseAdapterConfig([...args, ...more], env, files);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.values;
}

const kafka = {
  KAFKA_BROKER: 'kafka.kafka:9093',
  KAFKA_INPUT_TOPIC: 'in',
  KAFKA_OUTPUT_TOPIC: 'out',
  KAFKA_SECURITY_PROTOCOL: 'ssl',
  KAFKA_SSL_CA_CERT_FILE: '/certs/ca.crt',
  KAFKA_SSL_CLIENT_CERT_FILE: '/certs/user.crt',
  KAFKA_SSL_CLIENT_KEY_FILE: '/certs/user.key',
  KAFKA_WORKERS: '4',
};

describe("the container of Seldon's operator", () => {
  it.each(['seldon', 'tensorflow', 'v2', 'kfserving'] as const)(
    'starts the adapter for the protocol %s, without a warning',
    (protocol) => {
      expect(configOf({ protocol })).toMatchObject({
        sdep: 'iris-deployment',
        namespace: 'models',
        predictor: 'default',
        httpPort: 8000,
        protocol: protocol === 'kfserving' ? 'v2' : protocol,
        metricsPath: '/prometheus',
        serverType: 'rpc',
        model: 'classifier',
        facts: { version: 'v3' },
        kafka: undefined,
        warnings: [],
      });
    },
  );

  it('starts it before a model that is called over gRPC', () => {
    expect(configOf({ endpointType: 'GRPC' }).warnings).toEqual([]);
  });

  it('starts it with the Kafka server', () => {
    const config = configOf({ serverType: 'kafka', env: kafka });
    expect(config).toMatchObject({ serverType: 'kafka', workers: 4, warnings: [] });
    expect(config.kafka?.consumerGroup).toBe('default.iris-deployment.models');
  });

  it('starts it with whatever its users add for the executor, with a word on each that is moot', () => {
    const env = {
      ...kafka,
      SELDON_LOG_LEVEL: 'WARNING',
      SELDON_DEBUG: 'false',
      SELDON_ENABLE_ROUTING_INJECTION: 'true',
      KAFKA_AUTO_COMMIT: 'false',
      KAFKA_FULL_GRAPH: 'false',
      JAVA_OPTS: '-Dcom.sun.management.jmxremote.rmi.port=9090',
      JAEGER_AGENT_HOST: 'jaeger-agent',
      JAEGER_AGENT_PORT: '6831',
      JAEGER_SAMPLER_TYPE: 'const',
      POD_NAME: 'iris-0',
      GOMAXPROCS: '2',
    };
    const config = configOf({ serverType: 'kafka', env });
    expect(config.logLevel).toBe('warn');
    expect(config.warnings.map((warning) => warning.split(' ')[0])).toEqual([
      'KAFKA_AUTO_COMMIT',
      'JAEGER_AGENT_HOST',
    ]);
  });

  it.each([
    [{ SELDON_CERT_MOUNT_PATH: '/certs' }, 'SELDON_CERT_MOUNT_PATH'],
    [{ SERVER_TYPE: 'rabbitmq' }, 'SERVER_TYPE'],
  ])('is refused with a reason where it asks for what is not there: %j', (env, name) => {
    const { args } = engineContainer();
    const without = args.filter((_, i) => ![14, 15].includes(i));
    expect(args[14]).toBe('--server_type');
    const parsed = parseAdapterConfig(without, { ...engineContainer().env, ...env });
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringContaining(name)] });
  });
});

describe("the pod's annotations", () => {
  const files = (text: string): ConfigFiles => ({ readText: () => text, readObjects: () => [] });
  const timeouts = (text: string, ...more: string[]) => {
    const { requestTimeoutMs, attemptTimeoutMs, connectTimeoutMs, callRetries, warnings } =
      configOf({}, files(text), more);
    return { requestTimeoutMs, attemptTimeoutMs, connectTimeoutMs, callRetries, warnings };
  };
  const defaults = {
    requestTimeoutMs: 30_000,
    attemptTimeoutMs: 30_000,
    connectTimeoutMs: 3_000,
    callRetries: 3,
    warnings: [],
  };

  it('count where our own settings are unset', () => {
    expect(timeouts('')).toEqual(defaults);
    expect(timeouts('seldon.io/rest-timeout="1000"')).toEqual({
      ...defaults,
      attemptTimeoutMs: 1_000,
    });
    expect(
      timeouts('seldon.io/rest-connect-timeout="5"\nseldon.io/rest-connect-retries="1"'),
    ).toEqual({ ...defaults, connectTimeoutMs: 5, callRetries: 1 });
  });

  it('a call that may take longer than a request usually does gets that time', () => {
    expect(timeouts('seldon.io/rest-timeout="60000"')).toMatchObject({
      requestTimeoutMs: 60_000,
      attemptTimeoutMs: 60_000,
    });
  });

  it('our own settings win', () => {
    const text = 'seldon.io/rest-timeout="60000"\nseldon.io/rest-connect-timeout="5"';
    const own = ['--attempt-timeout-ms=2s', '--connect-timeout-ms=1s', '--call-retries=0'];
    expect(timeouts(text, ...own)).toEqual({
      ...defaults,
      attemptTimeoutMs: 2_000,
      connectTimeoutMs: 1_000,
      callRetries: 0,
    });
    expect(timeouts(text, '--request-timeout-ms=9s')).toMatchObject({
      requestTimeoutMs: 9_000,
      attemptTimeoutMs: 60_000,
    });
  });

  it('one that cannot be read is a warning, and so is a file that cannot', () => {
    expect(timeouts('seldon.io/rest-timeout="soon"')).toEqual({
      ...defaults,
      warnings: [expect.stringContaining('seldon.io/rest-timeout')],
    });
    const refusing: ConfigFiles = {
      readText: () => {
        throw new Error('EACCES: permission denied');
      },
      readObjects: () => [],
    };
    expect(configOf({}, refusing).warnings).toEqual([
      expect.stringMatching(/^POD_ANNOTATIONS_FILE .*EACCES/),
    ]);
  });
});

describe('--file', () => {
  const resource = {
    apiVersion: 'machinelearning.seldon.io/v1',
    kind: 'SeldonDeployment',
    metadata: { name: 'iris-deployment' },
    spec: { predictors: [{ name: 'other', graph: {} }, enginePredictor({ modelPort: 9123 })] },
  };
  const files = (objects: readonly unknown[]): ConfigFiles => ({
    readText: (path) => (path === '/graph.yaml' ? '…' : undefined),
    readObjects: () => objects,
  });
  const parse = (args: string[], objects: readonly unknown[] = [resource], env = {}) =>
    parseAdapterConfig(['--sdep', 'iris', '--file', ...args], env, files(objects));

  it('names the predictor instead of ENGINE_PREDICTOR, by --predictor', () => {
    const env = { ENGINE_PREDICTOR: engineContainer().env['ENGINE_PREDICTOR'] };
    const parsed = parse(['/graph.yaml', '--protocol=v2'], [resource], env);
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    expect(parsed.values.predictorUrl?.port).toBe('9123');
    expect(parsed.values).toMatchObject({ model: 'classifier', facts: { version: 'v3' } });
  });

  const router = {
    spec: {
      predictors: [
        {
          name: 'default',
          graph: {
            name: 'r',
            type: 'ROUTER',
            endpoint: { service_host: 'localhost', httpPort: 9000 },
            children: [{ name: 'a', endpoint: { service_host: 'localhost', httpPort: 9001 } }],
          },
        },
      ],
    },
  };

  it('gives graphs of several nodes too', () => {
    const parsed = parse(['/graph.yaml'], [router]);
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    expect(parsed.values).toMatchObject({ predictorUrl: undefined, model: 'r' });
    expect(parsed.values.graph?.root.children).toHaveLength(1);
  });

  it.each([
    [['/graph.yaml', '--batch-max-size=4'], [router], 'BATCH_MAX_SIZE merges requests for one'],
    [['/graph.yaml', '--transport=grpc'], [router], 'the endpoint of r, a has no grpcPort'],
    [['/nothing.yaml'], [resource], 'there is no such file'],
    [['/graph.yaml', '--predictor', 'canary'], [resource], 'it has "other", "default"'],
    [['/graph.yaml', '--predictor', 'other'], [resource], "graph.name: expected the node's name"],
    [['/graph.yaml'], [resource, resource], 'found 2'],
    [['/graph.yaml'], [], 'found 0'],
    [['/graph.yaml', '--predictor-url=http://m:1'], [resource], 'both name the predictor'],
  ])('%j is refused, told with the rest', (args, objects, problem) => {
    const parsed = parse([...args, '--http-port=x'], objects);
    expect(parsed.ok ? '' : parsed.problems.join('\n')).toContain(problem);
    expect(parsed.ok ? '' : parsed.problems.join('\n')).toContain('--http-port');
  });
});
