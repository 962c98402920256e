/** SeldonDeployments for the controller's tests: small, and taken by every API server. */

import type { Manifest } from '../../src/controller/render/manifest.ts';

export interface SdepOptions {
  /** Names of predictors; one, `main`, by default. */
  readonly predictors?: readonly string[];
  readonly image?: string;
  readonly replicas?: number;
  readonly kedaSpec?: object;
  readonly hpaSpec?: object;
  readonly env?: readonly object[];
  readonly serverType?: string;
  /** In place of the graph of one model. */
  readonly graph?: object;
  readonly spec?: object;
}

/** A model of one container for each predictor; several share the traffic. */
export function sdep(name: string, options: SdepOptions = {}): Manifest {
  const { predictors = ['main'], image = 'model:1', replicas, kedaSpec, hpaSpec } = options;
  return {
    apiVersion: 'machinelearning.seldon.io/v1',
    kind: 'SeldonDeployment',
    metadata: { name },
    spec: {
      ...(options.serverType !== undefined && { serverType: options.serverType }),
      predictors: predictors.map((predictor) => ({
        name: predictor,
        ...(replicas !== undefined && { replicas }),
        ...(predictors.length > 1 && { traffic: Math.floor(100 / predictors.length) }),
        graph: options.graph ?? { name: 'model', type: 'MODEL' },
        ...(options.env !== undefined && { svcOrchSpec: { env: options.env } }),
        componentSpecs: [
          {
            spec: { containers: [{ name: 'model', image }] },
            ...(kedaSpec !== undefined && { kedaSpec }),
            ...(hpaSpec !== undefined && { hpaSpec }),
          },
        ],
      })),
      ...options.spec,
    },
  };
}

/** A graph whose node has no container: what the CRD's rules cannot tell. */
export const strayGraph: object = { name: 'nowhere', type: 'MODEL' };

/** The Deployment of a predictor of {@link sdep}. */
export const deploymentName = (name: string, predictor = 'main'): string =>
  `${name}-${predictor}-0-model`;

/** What `serverType: kafka` needs. */
export const kafkaEnv: readonly object[] = [
  { name: 'KAFKA_BROKER', value: 'kafka.example:9092' },
  { name: 'KAFKA_INPUT_TOPIC', value: 'in' },
  { name: 'KAFKA_OUTPUT_TOPIC', value: 'out' },
];
