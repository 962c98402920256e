/**
 * What Seldon's v1 operator (1.18) gives to `seldon-container-engine`, the container whose image
 * `EXECUTOR_CONTAINER_IMAGE_AND_VERSION` names: its arguments in their order, its variables, and
 * the predictor with the defaults that the operator's webhook fills in.
 */

import { Buffer } from 'node:buffer';

export interface EngineOptions {
  readonly protocol?: 'seldon' | 'tensorflow' | 'v2' | 'kfserving';
  readonly serverType?: 'rpc' | 'kafka';
  /** REST where it is left out. */
  readonly endpointType?: 'REST' | 'GRPC';
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly modelPort?: number;
  /** Of `svcOrchSpec.env`, and annotations `seldon.io/engine-…`. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface EngineContainer {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function engineContainer(options: EngineOptions = {}): EngineContainer {
  const { protocol = 'seldon', serverType = 'rpc', httpPort = 8000, grpcPort = 5001 } = options;
  return {
    args: [
      ...['--sdep', 'iris-deployment'],
      ...['--namespace', 'models'],
      ...['--predictor', 'default'],
      ...['--http_port', String(httpPort)],
      ...['--grpc_port', String(grpcPort)],
      ...['--protocol', protocol],
      ...['--prometheus_path', '/prometheus'],
      ...['--server_type', serverType],
      ...['--log_work_buffer_size', '10000'],
      ...['--log_write_timeout_ms', '2000'],
      '--full_health_checks=false',
    ],
    env: {
      ENGINE_PREDICTOR: Buffer.from(JSON.stringify(enginePredictor(options))).toString('base64'),
      REQUEST_LOGGER_DEFAULT_ENDPOINT: 'http://default-broker',
      ...options.env,
    },
  };
}

/** A `spec.predictors[]` entry as Go writes it: nothing is left out. */
export function enginePredictor({ endpointType = 'REST', modelPort = 9000 }: EngineOptions = {}) {
  const grpcPort = modelPort === 9000 ? 9500 : modelPort;
  return {
    name: 'default',
    graph: {
      name: 'classifier',
      type: 'MODEL',
      implementation: 'SKLEARN_SERVER',
      endpoint: {
        service_host: 'localhost',
        service_port: endpointType === 'GRPC' ? grpcPort : modelPort,
        type: endpointType,
        httpPort: modelPort,
        grpcPort,
      },
      modelUri: 'gs://seldon-models/v1.18.2/sklearn/iris',
      envSecretRefName: '',
      logger: null,
    },
    componentSpecs: [
      {
        metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
        spec: {
          containers: [
            { name: 'classifier', image: 'seldonio/sklearnserver:1.18.2', resources: {} },
          ],
        },
      },
    ],
    replicas: 0,
    annotations: { version: 'v3' },
    engineResources: {},
    labels: { version: 'default' },
    svcOrchSpec: {},
    traffic: 0,
  };
}
