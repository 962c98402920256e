import { describe, expect, it } from 'vitest';
import { renderScaling, scalesToZero } from '../../../../src/controller/render/keda-scaling.ts';
import type { Manifest } from '../../../../src/controller/render/manifest.ts';
import type {
  KedaSpec,
  Predictor,
  SeldonDeployment,
} from '../../../../src/controller/render/seldon-deployment.ts';
import {
  deploymentOf,
  type Env,
  kafkaTrigger,
  predictor,
  scaled,
  sdepOf,
  topics,
} from './kafka-sdep.ts';

const kafka: KedaSpec = { triggers: [kafkaTrigger()] };

const render = (
  kedaSpec: KedaSpec,
  env: Env = topics,
  parts: Partial<Predictor> = {},
  deployment: Manifest = deploymentOf(),
) => {
  const only = scaled(kedaSpec, env, parts);
  return renderScaling(sdepOf([only]), only, 0, deployment);
};
const reasonsOf = ({ problems, warnings }: ReturnType<typeof render>) => ({
  problems: problems.map(({ reason }) => reason),
  warnings: warnings.map(({ reason }) => reason),
});

describe('the ScaledObject', () => {
  it("is the Deployment's by name, target, namespace, labels and owner, and KEDA reads the adapter's variables", () => {
    const { objects, warnings, problems } = render({ ...kafka, minReplicaCount: 1 });
    expect({ warnings, problems }).toEqual({ warnings: [], problems: [] });
    const { name, namespace, labels, ownerReferences } = deploymentOf().metadata;
    expect(objects).toEqual([
      {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { name, namespace, labels, ownerReferences },
        spec: {
          scaleTargetRef: {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            name: 'iris-model-0-classifier',
            envSourceContainerName: 'seldon-container-engine',
          },
          minReplicaCount: 1,
          triggers: [
            {
              type: 'kafka',
              metadata: {
                bootstrapServers: 'kafka:9092',
                consumerGroup: 'model.iris.ns',
                topic: 'in',
                offsetResetPolicy: 'earliest',
                lagThreshold: '16',
              },
            },
          ],
        },
      },
    ]);
  });

  it('carries the kedaSpec over whole, with fields and triggers that are none of ours', () => {
    const spec = {
      pollingInterval: 15,
      initialCooldownPeriod: 5,
      cooldownPeriod: 30,
      idleReplicaCount: 0,
      minReplicaCount: 1,
      maxReplicaCount: 10,
      advanced: {
        restoreToOriginalReplicaCount: true,
        horizontalPodAutoscalerConfig: {
          behavior: { scaleDown: { stabilizationWindowSeconds: 30 } },
        },
      },
      fallback: { failureThreshold: 3, replicas: 2, behavior: 'currentReplicas' },
      triggers: [
        { type: 'cron', name: 'day', metadata: { timezone: 'Europe/Berlin' }, metricType: 'Value' },
        { type: 'prometheus', metadata: { query: 'x' }, authenticationRef: { name: 'mine' } },
      ],
    };
    const [object, ...others] = render(spec).objects;
    expect(others).toEqual([]);
    expect(object?.['spec']).toEqual({ ...spec, scaleTargetRef: expect.anything() });
  });

  it('has metadata in every trigger, as KEDA wants it', () => {
    const spec = { minReplicaCount: 1, triggers: [{ type: 'memory', metricType: 'Utilization' }] };
    expect(render(spec).objects[0]?.['spec']).toHaveProperty('triggers', [
      { type: 'memory', metricType: 'Utilization', metadata: {} },
    ]);
  });

  it('is not made without a kedaSpec, nor for a component that is not there', () => {
    const plain = predictor(topics, { componentSpecs: [{ spec: { containers: [] } }] });
    const nothing = { objects: [], warnings: [], problems: [] };
    expect(renderScaling(sdepOf([plain]), plain, 0, deploymentOf())).toEqual(nothing);
    expect(renderScaling(sdepOf([plain]), plain, 7, deploymentOf())).toEqual(nothing);
  });

  it("takes over KEDA's annotations, the nearest to the component first, and no others", () => {
    const component = {
      metadata: { annotations: { 'autoscaling.keda.sh/paused': 'false', unrelated: 'x' } },
      spec: { containers: [] },
      kedaSpec: kafka,
    };
    const only = predictor(topics, {
      componentSpecs: [component],
      annotations: {
        'autoscaling.keda.sh/paused': 'true',
        'autoscaling.keda.sh/paused-replicas': '2',
      },
    });
    const sdep: SeldonDeployment = sdepOf([only], {
      annotations: { 'scaledobject.keda.sh/hpa-excluded-labels': 'a' },
    });
    const metadata = {
      ...sdep.metadata,
      annotations: { 'autoscaling.keda.sh/paused-scale-in': 'true', 'seldon.io/x': 'y' },
    };
    const [object] = renderScaling({ ...sdep, metadata }, only, 0, deploymentOf()).objects;
    expect(object?.metadata.annotations).toEqual({
      'autoscaling.keda.sh/paused': 'false',
      'autoscaling.keda.sh/paused-replicas': '2',
      'autoscaling.keda.sh/paused-scale-in': 'true',
      'scaledobject.keda.sh/hpa-excluded-labels': 'a',
    });
  });

  it('names its HPA shorter where KEDA would refuse its own name for it, and keeps a name that is set', () => {
    const name = 'x'.repeat(55);
    const specOf = (spec: KedaSpec, deployment: string) =>
      render(spec, topics, {}, deploymentOf([], [], deployment)).objects[0]?.['spec'];
    expect(specOf(kafka, name)).toMatchObject({
      advanced: { horizontalPodAutoscalerConfig: { name } },
    });
    expect(specOf(kafka, 'x'.repeat(54))).not.toHaveProperty('advanced');
    const advanced = { horizontalPodAutoscalerConfig: { name: 'mine', behavior: {} }, other: 1 };
    expect(specOf({ ...kafka, advanced }, name)).toMatchObject({ advanced });
  });

  it('names no container to read variables from where the component has no adapter', () => {
    const bare = {
      ...deploymentOf(),
      spec: { template: { spec: { containers: [{ name: 'm' }] } } },
    };
    const [object] = render(kafka, topics, {}, bare).objects;
    expect(object?.['spec']).toMatchObject({ scaleTargetRef: { name: 'iris-model-0-classifier' } });
    expect(JSON.stringify(object)).not.toContain('envSourceContainerName');
  });

  it('comes out the same each time, and leaves its input as it was', () => {
    const spec = { ...kafka, minReplicaCount: 1 };
    const before = structuredClone(spec);
    expect(render(spec)).toEqual(render(spec));
    expect(spec).toEqual(before);
  });
});

describe('what KEDA would refuse is a problem, and nothing is made', () => {
  const cases: [string, KedaSpec, RegExp][] = [
    ['no triggers', {}, /kedaSpec\.triggers: there is none/],
    ['an empty list of them', { triggers: [] }, /kedaSpec\.triggers: there is none/],
    [
      'more at least than at most',
      { ...kafka, minReplicaCount: 5, maxReplicaCount: 4 },
      /minReplicaCount: 5/,
    ],
    ['more at least than the default', { ...kafka, minReplicaCount: 101 }, /KEDA's default of 100/],
    ['none at most', { ...kafka, maxReplicaCount: 0 }, /maxReplicaCount: is 0/],
    [
      'idle without a minimum',
      { ...kafka, idleReplicaCount: 0 },
      /idleReplicaCount: 0 is not less/,
    ],
    [
      'idle as many as the minimum',
      { ...kafka, idleReplicaCount: 2, minReplicaCount: 2 },
      /idleReplicaCount: 2/,
    ],
    [
      'two triggers of one name',
      {
        triggers: [
          { ...kafkaTrigger(), name: 'a' },
          { ...kafkaTrigger(), name: 'a' },
        ],
      },
      /triggers\[1\]\.name: "a"/,
    ],
    [
      'cached metrics where there are none',
      { minReplicaCount: 1, triggers: [{ type: 'cpu', metadata: {}, useCachedMetrics: true }] },
      /triggers\[0\]\.useCachedMetrics/,
    ],
    [
      'only cpu from zero',
      { triggers: [{ type: 'cpu', metadata: {} }] },
      /minReplicaCount: is 0 with only/,
    ],
    [
      'a fallback for cpu',
      {
        minReplicaCount: 1,
        fallback: { failureThreshold: 1, replicas: 1 },
        triggers: [{ type: 'memory' }],
      },
      /kedaSpec\.fallback/,
    ],
  ];
  it.each(cases)('%s', (_, spec, told) => {
    const { objects, problems } = render(spec);
    expect(objects).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(told);
    expect(problems[0]?.message).toMatch(/^spec\.predictors\[0\]\.componentSpecs\[0\]\.kedaSpec/);
  });

  it('an hpaSpec beside it', () => {
    const both = { spec: { containers: [] }, kedaSpec: kafka, hpaSpec: { maxReplicas: 3 } };
    const scaling = render(kafka, topics, { componentSpecs: [both] });
    expect(reasonsOf(scaling)).toEqual({ problems: ['KedaAndHpa'], warnings: [] });
    expect(scaling.objects).toEqual([]);
  });

  it('but not what KEDA takes: idle at none with a minimum of none that is set', () => {
    const spec = { ...kafka, idleReplicaCount: 0, minReplicaCount: 0 };
    expect(reasonsOf(render(spec))).toEqual({ problems: [], warnings: [] });
  });
});

describe('what will not scale as meant is a warning, and made all the same', () => {
  const cases: [string, KedaSpec, Env, string][] = [
    [
      'more replicas than partitions',
      { ...kafka, maxReplicaCount: 11 },
      { ...topics, KAFKA_NUM_PARTITIONS: '10' },
      'MaxReplicasOverPartitions',
    ],
    [
      'idle replicas other than none',
      { ...kafka, idleReplicaCount: 1, minReplicaCount: 2 },
      topics,
      'KedaReplicaCounts',
    ],
    [
      'HTTP alone, down to none',
      { triggers: [{ type: 'cron', metadata: {} }] },
      {},
      'HttpScaledToZero',
    ],
    [
      'a Kafka trigger with nothing to fill it from',
      { minReplicaCount: 1, triggers: [kafkaTrigger({ consumerGroup: 'g' })] },
      {},
      'ScaleTriggerIncomplete',
    ],
  ];
  it.each(cases)('%s', (_, spec, env, reason) => {
    const scaling = render(spec, env);
    expect(reasonsOf(scaling)).toEqual({ problems: [], warnings: [reason] });
    expect(scaling.objects).toHaveLength(1);
  });

  it('but not as many replicas as partitions, nor where these are not known', () => {
    const ten = { ...topics, KAFKA_NUM_PARTITIONS: '10' };
    expect(render({ ...kafka, maxReplicaCount: 10 }, ten).warnings).toEqual([]);
    expect(render({ ...kafka, maxReplicaCount: 1_000 }).warnings).toEqual([]);
  });
});

describe('scalesToZero', () => {
  it.each([
    [{}, true],
    [{ minReplicaCount: 0 }, true],
    [{ minReplicaCount: 1 }, false],
    [{ minReplicaCount: 2, idleReplicaCount: 0 }, true],
    [{ minReplicaCount: 2, idleReplicaCount: 1 }, false],
  ])('%j: %j', (spec, expected) => {
    expect(scalesToZero(spec)).toBe(expected);
  });
});
