/** Short ways to make SeldonDeployments on Kafka, shared by the suites of its render. */

import type { Manifest } from '../../../../src/controller/render/manifest.ts';
import type {
  EnvVar,
  KedaSpec,
  Predictor,
  ScaleTrigger,
  SeldonDeployment,
} from '../../../../src/controller/render/seldon-deployment.ts';

export type Env = Readonly<Record<string, string | EnvVar['valueFrom']>>;

/** Variables in order: a text is a value, anything else a `valueFrom`. */
export const envOf = (env: Env): EnvVar[] =>
  Object.entries(env).map(([name, value]) => ({
    name,
    ...(typeof value === 'string' && { value }),
    ...(typeof value === 'object' && { valueFrom: value }),
  }));

export const secret = (name: string, key: string): EnvVar['valueFrom'] => ({
  secretKeyRef: { name, key },
});

/** The three that turn the Kafka path on. */
export const topics = {
  KAFKA_BROKER: 'kafka:9092',
  KAFKA_INPUT_TOPIC: 'in',
  KAFKA_OUTPUT_TOPIC: 'out',
};

export const predictor = (env: Env = topics, parts: Partial<Predictor> = {}): Predictor => ({
  name: 'model',
  graph: { name: 'classifier', type: 'MODEL' },
  svcOrchSpec: { env: envOf(env) },
  ...parts,
});

export const sdepOf = (
  predictors: readonly Predictor[],
  spec: Partial<SeldonDeployment['spec']> = {},
): SeldonDeployment => ({
  apiVersion: 'machinelearning.seldon.io/v1',
  kind: 'SeldonDeployment',
  metadata: { name: 'iris', namespace: 'ns', uid: 'u', generation: 1, resourceVersion: '1' },
  spec: { serverType: 'kafka', predictors, ...spec },
});

/** What the documents' own example has, predictor and deployment by their names. */
export const kafkaTrigger = (metadata: Readonly<Record<string, string>> = {}): ScaleTrigger => ({
  type: 'kafka',
  metadata,
});

/** A predictor of one component that KEDA scales. */
export const scaled = (
  kedaSpec: KedaSpec,
  env: Env = topics,
  parts: Partial<Predictor> = {},
): Predictor =>
  predictor(env, {
    componentSpecs: [{ spec: { containers: [{ name: 'classifier' }] }, kedaSpec }],
    ...parts,
  });

/** A Deployment as it is rendered, with what the scaling looks at. */
export const deploymentOf = (
  mounts: readonly object[] = [],
  volumes: readonly object[] = [],
  name = 'iris-model-0-classifier',
): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name,
    namespace: 'ns',
    labels: { 'seldon-deployment-id': 'iris' },
    ownerReferences: [
      {
        apiVersion: 'machinelearning.seldon.io/v1',
        kind: 'SeldonDeployment',
        name: 'iris',
        uid: 'u',
      },
    ],
  },
  spec: {
    template: {
      spec: {
        containers: [
          { name: 'classifier' },
          { name: 'seldon-container-engine', volumeMounts: mounts },
        ],
        volumes,
      },
    },
  },
});
