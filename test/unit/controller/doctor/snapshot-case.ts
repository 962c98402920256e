/** Snapshots for the tests of `doctor`: one of a chain that is well, to be broken. */

import { type Diagnosis, diagnose } from '../../../../src/controller/doctor/diagnose.ts';
import { at, record } from '../../../../src/controller/doctor/reading.ts';
import {
  type Looked,
  type Objects,
  type Snapshot,
  seen,
} from '../../../../src/controller/doctor/snapshot.ts';
import { subjectOf } from '../../../../src/controller/doctor/subject.ts';
import { isObject, type PlainObject } from '../../../../src/controller/render/canonical.ts';
import { predictorWith, renderResource, resourceWith, settings } from '../render/render-case.ts';

export const nowMs = Date.parse('2026-01-31T12:00:00Z');
const recently = '2026-01-31T11:59:58.000000Z';

export const kafkaEnv = [
  { name: 'KAFKA_BROKER', value: 'kafka.example:9092' },
  { name: 'KAFKA_INPUT_TOPIC', value: 'in' },
  { name: 'KAFKA_OUTPUT_TOPIC', value: 'out' },
];
export const kedaSpec = {
  minReplicaCount: 1,
  maxReplicaCount: 4,
  triggers: [{ type: 'kafka', metadata: {} }],
};

export const isTrue = (type: string) => ({ type, status: 'True' });
export const isFalse = (type: string, reason = 'Broken', message = 'it is broken') => ({
  type,
  status: 'False',
  reason,
  message,
});

const running = (name: string) => ({
  name,
  ready: true,
  restartCount: 0,
  state: { running: {} },
});

/** A SeldonDeployment `default/iris` over Kafka, KEDA and a Trigger, with nothing wrong. */
export function wellSnapshot(
  options: { readonly env?: readonly object[]; readonly kedaSpec?: object | null } = {},
): Snapshot {
  const { env = kafkaEnv } = options;
  const component = options.kedaSpec === null ? {} : { kedaSpec: options.kedaSpec ?? kedaSpec };
  const resource = resourceWith([predictorWith({ svcOrchSpec: { env } }, {}, component)], {
    serverType: 'kafka',
  });
  const rendered = renderResource(resource);
  const ofKind = (kind: string): Objects =>
    rendered.objects.filter((each) => each.kind === kind).map((each) => ({ ...each }));
  const url = rendered.addresses[0]?.url ?? '';
  const live: PlainObject = {
    ...resource,
    metadata: { ...(resource['metadata'] as object), generation: 1 },
    status: {
      observedGeneration: 1,
      address: { url },
      addresses: rendered.addresses,
      conditions: [
        'Ready',
        'Accepted',
        'ResourcesApplied',
        'DeploymentsReady',
        'HttpReachable',
      ].map((type) => ({ ...isTrue(type), observedGeneration: 1 })),
    },
  };
  const [deployment] = ofKind('Deployment');
  const template = record(at(deployment, 'spec', 'template'));
  const pod = {
    ...template,
    metadata: { ...(template['metadata'] as object), name: 'pod-1', namespace: 'default' },
    status: {
      phase: 'Running',
      conditions: [isTrue('PodScheduled'), isTrue('Ready')],
      containerStatuses: [running('model'), running('seldon-container-engine')],
    },
  };
  const scaledObjects = ofKind('ScaledObject').map((object) => ({
    ...object,
    status: { hpaName: 'keda-hpa', conditions: [isTrue('Ready'), isTrue('Active')] },
  }));
  const { references } = subjectOf('default', 'iris', live, settings);
  return {
    namespace: 'default',
    name: 'iris',
    nowMs,
    resource: seen(live),
    lease: seen<PlainObject>({
      spec: { holderIdentity: 'pod-a', leaseDurationSeconds: 15, renewTime: recently },
    }),
    leaseNamespace: 'seldon-eventing-system',
    leaseName: 'seldon-eventing-controller',
    triggers: seen<Objects>([triggerTo(url)]),
    triggersElsewhere: undefined,
    brokers: new Map([
      [
        'default/default',
        seen<PlainObject>({
          metadata: { name: 'default' },
          spec: { delivery: { deadLetterSink: { uri: 'http://x' } } },
          status: { conditions: [isTrue('Ready')] },
        }),
      ],
    ]),
    clusterRoles: seen<Objects>([
      {
        metadata: { name: 'addressable' },
        rules: [
          {
            apiGroups: ['machinelearning.seldon.io'],
            resources: ['seldondeployments', 'seldondeployments/status'],
            verbs: ['get', 'list', 'watch'],
          },
        ],
      },
    ]),
    services: new Map([['default/iris-default', seen(ofKind('Service')[0] ?? {})]]),
    endpointSlices: new Map([
      [
        'default/iris-default',
        seen<Objects>([{ endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 8000 }] }]),
      ],
    ]),
    deployments: seen(ofKind('Deployment')),
    pods: seen<Objects>([pod]),
    keys: new Map(
      references.map(({ kind, name, keys }) => [`${kind} ${name}`, seen<readonly string[]>(keys)]),
    ),
    scaledObjects: seen(scaledObjects),
    hpas: seen<Objects>([
      {
        metadata: { name: 'keda-hpa' },
        spec: { maxReplicas: 4 },
        status: {
          currentReplicas: 1,
          conditions: [isTrue('AbleToScale'), isTrue('ScalingActive')],
        },
      },
    ]),
    triggerAuthentications: new Map(),
    kafka: new Map([['default', wellKafka]]),
  };
}

export const wellKafka = {
  brokers: ['kafka.example:9092'],
  unreachable: undefined,
  topics: [
    {
      role: 'input',
      name: 'in',
      partitions: 4,
      problem: undefined,
      operations: ['READ', 'DESCRIBE'],
    },
    {
      role: 'output',
      name: 'out',
      partitions: 4,
      problem: undefined,
      operations: ['WRITE', 'DESCRIBE'],
    },
    {
      role: 'error',
      name: 'out.errors',
      partitions: 4,
      problem: undefined,
      operations: ['WRITE', 'DESCRIBE'],
    },
  ],
  group: {
    name: 'default.iris.default',
    state: 'Stable',
    members: 1,
    problem: undefined,
    operations: ['READ', 'DESCRIBE'],
    positions: [0, 1, 2, 3].map((partition) => ({ partition, committed: 5, low: 0, high: 5 })),
  },
} as const;

export const triggerTo = (subscriberUri: string, spec: object = {}, status: object = {}) => ({
  metadata: { name: 'requests', namespace: 'default' },
  spec: {
    broker: 'default',
    filter: { attributes: { type: 'seldon.iris.default.request' } },
    subscriber: {
      ref: { apiVersion: 'machinelearning.seldon.io/v1', kind: 'SeldonDeployment', name: 'iris' },
    },
    ...spec,
  },
  status: { subscriberUri, conditions: [isTrue('Ready')], ...status },
});

export const address = 'http://iris-default.default.svc.cluster.local:8000/api/v1.0/predictions';

export const diagnosed = (snapshot: Snapshot): Diagnosis => diagnose(snapshot, settings);

/** A change of one object somewhere within a list or a single look. */
export function edited<T>(
  looked: Looked<T>,
  path: readonly (string | number)[],
  by: unknown,
): Looked<T> {
  return looked.kind === 'seen' ? seen(put(looked.value, path, by) as T) : looked;
}

function put(value: unknown, [first, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, i) => (i === first ? put(item, rest, by) : item));
  const object = isObject(value) ? value : {};
  return { ...object, [first]: put(object[first], rest, by) };
}

/** `id state` of everything that is not simply fine. */
export const odd = ({ checks }: Diagnosis): string[] =>
  checks
    .filter(({ state }) => state !== 'fine' && state !== 'note')
    .map(({ id, state }) => `${id} ${state}`);

/** The verdict in brief: the cause, then what it explains, then what is wrong beside it. */
export const verdictIds = ({ verdict }: Diagnosis): (readonly string[] | string | undefined)[] => [
  verdict.cause?.id,
  verdict.explained.map(({ id }) => id),
  verdict.beside.map(({ id }) => id),
];
