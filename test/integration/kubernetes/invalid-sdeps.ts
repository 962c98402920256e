/** SeldonDeployments that the API server must refuse, and how each must be told. */

import type { Manifest } from '../../../src/controller/render/manifest.ts';

/** What the API server answers instead of an object. */
export interface Refusal {
  readonly message?: string;
}

type Fields = Record<string, unknown>;

/** Changes a spec, and its first predictor, in place. */
export type Change = (spec: Fields, predictor: Fields) => unknown;

/** A copy with the change made. */
export function changed(manifest: Manifest, change: Change): Manifest {
  const copy = structuredClone(manifest) as Manifest & { spec: { predictors: Fields[] } };
  change(copy.spec as Fields, copy.spec.predictors[0] ?? {});
  return copy;
}

export interface RefusedCase {
  readonly what: string;
  /** File in test/fixtures/sdep; iris.yaml where absent. */
  readonly of?: string;
  readonly change: Change;
  /** The path of the field, as the message has it. */
  readonly named: string;
  readonly says: string;
}

const component = (fields: Fields): Change => {
  return (_spec, predictor) => Object.assign(predictor, { componentSpecs: [fields] });
};
const keda = (fields: Fields): Change =>
  component({ kedaSpec: { triggers: [{ type: 'kafka' }], ...fields } });
const graph = (fields: Fields): Change => {
  return (_spec, predictor) => Object.assign(predictor['graph'] as Fields, fields);
};
const set = (fields: Fields): Change => {
  return (spec) => Object.assign(spec, fields);
};
const first = (fields: Fields): Change => {
  return (_spec, predictor) => Object.assign(predictor, fields);
};
const beside = (...others: readonly Fields[]): Change => {
  return (spec, predictor) =>
    Object.assign(spec, {
      predictors: others.map((fields) => ({ ...predictor, ...fields })),
    });
};
const env = (...entries: readonly Fields[]): Change => first({ svcOrchSpec: { env: entries } });
const without = (name: string): Change => {
  return (_spec, predictor) => {
    const svcOrchSpec = predictor['svcOrchSpec'] as { env: readonly Fields[] };
    const kept = svcOrchSpec.env.filter((entry) => entry['name'] !== name);
    return Object.assign(svcOrchSpec, { env: kept });
  };
};
const predictorPath = 'spec.predictors[0]';
const componentPath = `${predictorPath}.componentSpecs[0]`;

export const refusals: readonly RefusedCase[] = [
  {
    what: 'a spec without predictors',
    change: (spec) => delete spec['predictors'],
    named: 'spec.predictors',
    says: 'Required value',
  },
  {
    what: 'an empty list of predictors',
    change: set({ predictors: [] }),
    named: 'spec.predictors',
    says: 'at least 1 items',
  },
  {
    what: 'an unknown protocol',
    change: set({ protocol: 'v3' }),
    named: 'spec.protocol',
    says: '"seldon", "tensorflow", "v2", "kfserving"',
  },
  {
    what: 'an unknown transport',
    change: set({ transport: 'REST' }),
    named: 'spec.transport',
    says: '"rest", "grpc"',
  },
  {
    what: 'an unknown server type',
    change: set({ serverType: 'nats' }),
    named: 'spec.serverType',
    says: '"rpc", "kafka"',
  },
  {
    what: 'replicas below zero',
    change: set({ replicas: -1 }),
    named: 'spec.replicas',
    says: 'greater than or equal to 0',
  },
  {
    what: 'a number of replicas that is text',
    change: first({ replicas: '2' }),
    named: `${predictorPath}.replicas`,
    says: 'must be of type integer',
  },
  ...['KAFKA_BROKER', 'KAFKA_INPUT_TOPIC', 'KAFKA_OUTPUT_TOPIC'].map((name) => ({
    what: `serverType kafka without ${name}`,
    of: 'cifar10-kafka.yaml',
    change: without(name),
    named: 'spec.predictors',
    says: `with serverType kafka, svcOrchSpec.env of every predictor needs ${name}`,
  })),
  {
    what: 'serverType kafka with the settings of one predictor only',
    of: 'cifar10-kafka.yaml',
    change: beside({}, { name: 'second', svcOrchSpec: {} }),
    named: 'spec.predictors',
    says: 'svcOrchSpec.env of every predictor needs KAFKA_BROKER',
  },
  {
    what: 'two predictors of one name',
    change: beside({}, {}),
    named: 'spec.predictors[1]',
    says: 'Duplicate value',
  },
  {
    what: 'traffic that adds up to 90',
    change: beside({ traffic: 60 }, { name: 'canary', traffic: 30 }),
    named: 'spec.predictors',
    says: 'traffic of those that are not shadows must add up to 100',
  },
  {
    what: 'traffic that adds up to 100 with a shadow only',
    change: beside({ traffic: 60 }, { name: 'copy', traffic: 40, shadow: true }),
    named: 'spec.predictors',
    says: 'traffic of those that are not shadows must add up to 100',
  },
  {
    what: 'more than all of the traffic',
    change: first({ traffic: 101 }),
    named: `${predictorPath}.traffic`,
    says: 'less than or equal to 100',
  },
  {
    what: 'nothing but shadows',
    change: first({ shadow: true }),
    named: 'spec.predictors',
    says: 'all are shadows',
  },
  {
    what: 'a predictor whose name is no DNS label',
    change: first({ name: 'My_Model' }),
    named: `${predictorPath}.name`,
    says: 'must be a DNS label',
  },
  {
    what: 'a predictor whose name is too long',
    change: first({ name: 'a'.repeat(64) }),
    named: `${predictorPath}.name`,
    says: 'may not be more than 63',
  },
  {
    what: 'a Service named as none can be',
    change: first({ annotations: { 'seldon.io/svc-name': 'iris.example.com' } }),
    named: `${predictorPath}.annotations`,
    says: 'seldon.io/svc-name must be a DNS label',
  },
  {
    what: 'a predictor without a graph',
    change: (_spec, predictor) => delete predictor['graph'],
    named: `${predictorPath}.graph`,
    says: 'Required value',
  },
  {
    what: 'a node without a name',
    change: graph({ name: undefined }),
    named: `${predictorPath}.graph.name`,
    says: 'Required value',
  },
  {
    what: 'a node of an unknown type',
    change: graph({ type: 'MODLE' }),
    named: `${predictorPath}.graph.type`,
    says: '"MODEL"',
  },
  {
    what: 'an unknown method',
    change: graph({ methods: ['PREDICT'] }),
    named: `${predictorPath}.graph.methods[0]`,
    says: '"TRANSFORM_INPUT"',
  },
  {
    what: 'an implementation that is no word',
    change: graph({ implementation: 'SKLEARN SERVER' }),
    named: `${predictorPath}.graph.implementation`,
    says: 'should match',
  },
  {
    what: 'a prepackaged server without a model',
    change: graph({ modelUri: undefined }),
    named: `${predictorPath}.graph.modelUri`,
    says: 'a prepackaged server must be told where its model is',
  },
  {
    what: 'a prepackaged server without a model, two levels down',
    change: graph({
      children: [{ name: 'b', children: [{ name: 'c', implementation: 'TRITON_SERVER' }] }],
    }),
    named: `${predictorPath}.graph.children[0].children[0].modelUri`,
    says: 'a prepackaged server must be told where its model is',
  },
  {
    what: 'an endpoint of an unknown type, three levels down',
    change: graph({
      children: [
        {
          name: 'b',
          children: [{ name: 'c', children: [{ name: 'd', endpoint: { type: 'SOAP' } }] }],
        },
      ],
    }),
    named: `${predictorPath}.graph.children[0].children[0].children[0].endpoint.type`,
    says: '"REST", "GRPC"',
  },
  {
    what: 'a port that is none',
    change: graph({ endpoint: { service_port: 70_000 } }),
    named: `${predictorPath}.graph.endpoint.service_port`,
    says: 'less than or equal to 65535',
  },
  {
    what: 'a parameter of an unknown type',
    change: graph({ parameters: [{ name: 'a', value: '1', type: 'int' }] }),
    named: `${predictorPath}.graph.parameters[0].type`,
    says: '"INT"',
  },
  {
    what: 'a variable with a value and a source',
    change: env({ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }),
    named: `${predictorPath}.svcOrchSpec.env[0]`,
    says: 'has both value and valueFrom',
  },
  {
    what: 'a variable with two sources',
    change: env({
      name: 'A',
      valueFrom: { secretKeyRef: { name: 's', key: 'k' }, fieldRef: { fieldPath: 'x' } },
    }),
    named: `${predictorPath}.svcOrchSpec.env[0].valueFrom`,
    says: 'must have at most 1 item',
  },
  {
    what: 'a Secret without a key',
    change: env({ name: 'A', valueFrom: { secretKeyRef: { name: 's' } } }),
    named: `${predictorPath}.svcOrchSpec.env[0].valueFrom.secretKeyRef.key`,
    says: 'Required value',
  },
  {
    what: 'a variable whose value is a number',
    change: env({ name: 'A', value: 1 }),
    named: `${predictorPath}.svcOrchSpec.env[0].value`,
    says: 'must be of type string',
  },
  {
    what: 'a container without a name',
    change: component({ spec: { containers: [{ image: 'x' }] } }),
    named: `${componentPath}.spec.containers[0].name`,
    says: 'Required value',
  },
  {
    what: 'two containers of one name',
    change: component({ spec: { containers: [{ name: 'a' }, { name: 'a' }] } }),
    named: `${componentPath}.spec.containers[1]`,
    says: 'Duplicate value',
  },
  {
    what: 'kedaSpec and hpaSpec on one component',
    change: component({ kedaSpec: { triggers: [{ type: 'cpu' }] }, hpaSpec: { maxReplicas: 2 } }),
    named: componentPath,
    says: 'has both kedaSpec and hpaSpec',
  },
  {
    what: 'an hpaSpec without maxReplicas',
    change: component({ hpaSpec: { minReplicas: 1 } }),
    named: `${componentPath}.hpaSpec.maxReplicas`,
    says: 'Required value',
  },
  {
    what: 'an hpaSpec whose least is more than its most',
    change: component({ hpaSpec: { minReplicas: 3, maxReplicas: 2 } }),
    named: `${componentPath}.hpaSpec.minReplicas`,
    says: 'is greater than maxReplicas',
  },
  {
    what: 'a kedaSpec without triggers',
    change: keda({ triggers: undefined }),
    named: `${componentPath}.kedaSpec.triggers`,
    says: 'Required value',
  },
  {
    what: 'a scale trigger without a type',
    change: keda({ triggers: [{ metadata: {} }] }),
    named: `${componentPath}.kedaSpec.triggers[0].type`,
    says: 'Required value',
  },
  {
    what: 'a lag threshold that is a number',
    change: keda({ triggers: [{ type: 'kafka', metadata: { lagThreshold: 50 } }] }),
    named: `${componentPath}.kedaSpec.triggers[0].metadata.lagThreshold`,
    says: 'must be of type string',
  },
  {
    what: 'a reference to credentials of an unknown kind',
    change: keda({
      triggers: [{ type: 'kafka', authenticationRef: { name: 'a', kind: 'Secret' } }],
    }),
    named: `${componentPath}.kedaSpec.triggers[0].authenticationRef.kind`,
    says: '"TriggerAuthentication", "ClusterTriggerAuthentication"',
  },
  {
    what: 'a kedaSpec whose least is more than its most',
    change: keda({ minReplicaCount: 5, maxReplicaCount: 2 }),
    named: `${componentPath}.kedaSpec.minReplicaCount`,
    says: 'is greater than maxReplicaCount',
  },
  {
    what: "a kedaSpec whose least is more than KEDA's default most",
    change: keda({ minReplicaCount: 101 }),
    named: `${componentPath}.kedaSpec.minReplicaCount`,
    says: 'which is 100 where it is absent',
  },
  {
    what: 'idle replicas that are no fewer than the least',
    change: keda({ idleReplicaCount: 1, minReplicaCount: 1 }),
    named: `${componentPath}.kedaSpec.idleReplicaCount`,
    says: 'must be less than minReplicaCount',
  },
  {
    what: 'idle replicas without a least',
    change: keda({ idleReplicaCount: 0 }),
    named: `${componentPath}.kedaSpec.idleReplicaCount`,
    says: 'which is 0 where it is absent',
  },
  {
    what: 'a polling interval of nothing',
    change: keda({ pollingInterval: 0 }),
    named: `${componentPath}.kedaSpec.pollingInterval`,
    says: 'greater than or equal to 1',
  },
];
