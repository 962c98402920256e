import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkIds } from '../../../../src/controller/doctor/check.ts';
import type { KafkaFacts } from '../../../../src/controller/doctor/kafka-facts.ts';
import { reportJson, reportText } from '../../../../src/controller/doctor/report.ts';
import { type Objects, type Snapshot, seen } from '../../../../src/controller/doctor/snapshot.ts';
import { exitCodeOf } from '../../../../src/controller/doctor/verdict.ts';
import {
  address,
  diagnosed,
  edited,
  isFalse,
  isTrue,
  odd,
  triggerTo,
  verdictIds,
  wellKafka,
  wellSnapshot,
} from './snapshot-case.ts';

const well = wellSnapshot();
const podsOf = ({ pods }: Snapshot): Objects => (pods.kind === 'seen' ? pods.value : []);
const absent = { kind: 'absent' } as const;
const unserved = { kind: 'unserved' } as const;
const unseen = { kind: 'unseen', reason: 'needs list on things' } as const;
const none = seen<Objects>([]);

/** Conditions of the SeldonDeployment. */
const withCondition = (condition: object): Partial<Snapshot> => ({
  resource: edited(
    well.resource,
    ['status', 'conditions'],
    [condition, { ...isTrue('Accepted'), observedGeneration: 1 }],
  ),
});
const withTrigger = (spec: object, status: object = {}, uri = address): Partial<Snapshot> => ({
  triggers: seen<Objects>([triggerTo(uri, spec, status)]),
});
const withStatuses = (path: readonly (string | number)[], by: unknown): Partial<Snapshot> => ({
  pods: edited(well.pods, [0, 'status', ...path], by),
});
const withContainer = (container: object): Partial<Snapshot> =>
  withStatuses(['containerStatuses', 1], {
    name: 'seldon-container-engine',
    ready: false,
    restartCount: 4,
    ...container,
  });
const withScaler = (path: readonly (string | number)[], by: unknown): Partial<Snapshot> => ({
  scaledObjects: edited(well.scaledObjects, [0, ...path], by),
});
const withKafka = (change: Partial<KafkaFacts>): Partial<Snapshot> => ({
  kafka: new Map([['default', { ...wellKafka, ...change }]]),
});
const withGroup = (change: Partial<KafkaFacts['group']>) =>
  withKafka({ group: { ...wellKafka.group, ...change } });
const withTopic = (i: number, change: object) =>
  withKafka({
    topics: wellKafka.topics.map((topic, k) => (k === i ? { ...topic, ...change } : topic)),
  });
const service = (path: readonly (string | number)[], by: unknown): Partial<Snapshot> => ({
  services: new Map([
    ['default/iris-default', edited(well.services.get('default/iris-default') ?? absent, path, by)],
  ]),
});
const replicas = (count: number): Partial<Snapshot> => ({
  deployments: edited(well.deployments, [0, 'spec', 'replicas'], count),
});
const stopped: Partial<Snapshot> = {
  lease: edited(well.lease, ['spec', 'holderIdentity'], undefined),
};
const noEndpoints: Partial<Snapshot> = {
  endpointSlices: new Map([['default/iris-default', none]]),
};

test('nothing is wrong with a chain that is well', () => {
  const diagnosis = diagnosed(well);
  expect(odd(diagnosis)).toEqual([]);
  expect(exitCodeOf(diagnosis.verdict)).toBe(0);
  expect(reportText(diagnosis).at(-1)).toBe('Verdict: ✓ all is well');
});

describe('each fault is named, and what follows from it is not blamed', () => {
  test.each<[what: string, change: Partial<Snapshot>, verdict: unknown[]]>([
    ['no CRD', { resource: unserved }, ['crd', [], []]],
    ['no SeldonDeployment', { resource: absent }, ['resource', [], []]],
    [
      'not accepted',
      withCondition({ ...isFalse('Accepted'), observedGeneration: 1 }),
      ['accepted', [], []],
    ],
    ['not applied', withCondition(isFalse('ResourcesApplied', 'Forbidden')), ['applied', [], []]],
    ['controller stopped', stopped, ['lease', [], []]],
    [
      'controller gone',
      { lease: edited(well.lease, ['spec', 'renewTime'], '2026-01-31T11:00:00Z') },
      ['lease', [], []],
    ],
    [
      'new version not seen',
      { resource: edited(well.resource, ['metadata', 'generation'], 2) },
      ['observed', [], []],
    ],
    [
      'controller stopped before a new version',
      { ...stopped, resource: edited(well.resource, ['metadata', 'generation'], 2) },
      ['lease', ['observed'], []],
    ],
    [
      'Trigger not ready',
      withTrigger({}, { conditions: [isFalse('Ready'), isFalse('SubscriberResolved')] }),
      ['trigger', [], []],
    ],
    [
      'Trigger nobody looked at',
      withTrigger({}, { conditions: undefined, subscriberUri: undefined }),
      ['trigger', [], []],
    ],
    [
      'Trigger at an old address',
      withTrigger({}, {}, 'http://old.default.svc.cluster.local/'),
      ['trigger-address', [], []],
    ],
    [
      'Trigger that asks for an unknown address',
      withTrigger({
        subscriber: {
          ref: {
            apiVersion: 'machinelearning.seldon.io/v1',
            kind: 'SeldonDeployment',
            name: 'iris',
            address: 'canary',
          },
        },
      }),
      ['trigger', [], []],
    ],
    ['no Broker', { brokers: new Map([['default/default', absent]]) }, ['broker', [], []]],
    [
      'Broker not ready',
      {
        brokers: new Map([
          ['default/default', seen({ status: { conditions: [isFalse('Ready')] } })],
        ]),
      },
      ['broker', [], []],
    ],
    ['no ClusterRole', { clusterRoles: none }, ['cluster-role', [], []]],
    [
      'no ClusterRole, and so no subscriber',
      { clusterRoles: none, ...withTrigger({}, { conditions: [isFalse('Ready')] }) },
      ['cluster-role', ['trigger'], []],
    ],
    [
      'ClusterRole without watch',
      { clusterRoles: edited(well.clusterRoles, [0, 'rules', 0, 'verbs'], ['get', 'list']) },
      ['cluster-role', [], []],
    ],
    [
      'no address',
      {
        resource: edited(
          edited(well.resource, ['status', 'address'], undefined),
          ['status', 'addresses'],
          undefined,
        ),
      },
      ['address', [], []],
    ],
    ['no Service', { services: new Map([['default/iris-default', absent]]) }, ['service', [], []]],
    [
      'Service without the port',
      service(['spec', 'ports'], [{ name: 'http', port: 80 }]),
      ['service-port', [], []],
    ],
    [
      'Service that leads to a port by a name that nobody has',
      service(['spec', 'ports', 0, 'targetPort'], 'web'),
      ['service-port', [], []],
    ],
    [
      'Service that selects nobody',
      service(['spec', 'selector'], { app: 'other' }),
      ['selector', [], []],
    ],
    ['no endpoints', noEndpoints, ['endpoints', [], []]],
    [
      'no Deployment',
      {
        deployments: none,
        pods: none,
        ...noEndpoints,
        ...withScaler([], well.scaledObjects.kind === 'seen' ? well.scaledObjects.value[0] : {}),
      },
      ['deployments', ['endpoints'], []],
    ],
    [
      'asleep behind a Broker',
      { ...replicas(0), ...noEndpoints, pods: none },
      ['scaled-to-zero', ['endpoints'], []],
    ],
    [
      'image that cannot be pulled',
      {
        ...noEndpoints,
        ...withContainer({
          state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
        }),
      },
      ['pods', ['endpoints'], []],
    ],
    [
      'wrong settings of the adapter',
      withContainer({
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 2 } },
      }),
      ['pods', [], []],
    ],
    [
      'out of memory',
      withContainer({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
      ['pods', [], []],
    ],
    [
      'unschedulable',
      {
        pods: edited(well.pods, [0, 'status'], {
          phase: 'Pending',
          conditions: [isFalse('PodScheduled', 'Unschedulable', '0/3 nodes')],
        }),
      },
      ['pods', [], []],
    ],
    [
      'a pod that does not come to start',
      {
        pods: edited(
          edited(well.pods, [0, 'status'], { phase: 'Pending' }),
          [0, 'metadata', 'creationTimestamp'],
          '2026-01-31T11:00:00Z',
        ),
      },
      ['pods', [], []],
    ],
    [
      'pods refused',
      {
        deployments: edited(well.deployments, [0, 'status'], {
          conditions: [{ ...isTrue('ReplicaFailure'), message: 'exceeded quota' }],
        }),
      },
      ['deployments', [], []],
    ],
    [
      'adapter not ready',
      { ...noEndpoints, ...withContainer({ state: { running: {} } }) },
      ['predictor', ['endpoints'], []],
    ],
    ['KEDA not installed', { scaledObjects: unserved, hpas: none }, ['keda', [], []]],
    ['no ScaledObject', { scaledObjects: none }, ['scaled-object', [], []]],
    [
      'ScaledObject not ready',
      withScaler(['status', 'conditions'], [isFalse('Ready')]),
      ['scaled-object', [], []],
    ],
    [
      'ScaledObject fallen back',
      withScaler(['status', 'conditions'], [isTrue('Ready'), isTrue('Fallback')]),
      ['scaled-object', [], []],
    ],
    [
      'another group',
      withScaler(['spec', 'triggers', 0, 'metadata', 'consumerGroup'], 'other'),
      ['scale-trigger', [], []],
    ],
    [
      'another topic',
      withScaler(['spec', 'triggers', 0, 'metadata', 'topic'], 'other'),
      ['scale-trigger', [], []],
    ],
    [
      'another group, while the controller is away',
      { ...stopped, ...withScaler(['spec', 'triggers', 0, 'metadata', 'consumerGroup'], 'other') },
      ['lease', ['scale-trigger'], []],
    ],
    [
      'no TriggerAuthentication',
      {
        ...withScaler(['spec', 'triggers', 0, 'authenticationRef'], { name: 'mine' }),
        triggerAuthentications: new Map([['mine', absent]]),
      },
      ['trigger-authentication', [], []],
    ],
    [
      'TriggerAuthentication without its key',
      {
        ...withScaler(['spec', 'triggers', 0, 'authenticationRef'], { name: 'mine' }),
        triggerAuthentications: new Map([
          [
            'mine',
            seen({ spec: { secretTargetRef: [{ parameter: 'password', name: 's', key: 'k' }] } }),
          ],
        ]),
        keys: new Map([['Secret s', seen(['other'])]]),
      },
      ['trigger-authentication', [], []],
    ],
    [
      'HPA without metrics',
      {
        hpas: edited(
          well.hpas,
          [0, 'status', 'conditions'],
          [isFalse('ScalingActive', 'FailedGetExternalMetric')],
        ),
      },
      ['hpa', [], []],
    ],
    ['no HPA', { hpas: none }, ['hpa', [], []]],
    [
      'HPA that cannot scale',
      { hpas: edited(well.hpas, [0, 'status', 'conditions'], [isFalse('AbleToScale')]) },
      ['hpa', [], []],
    ],
    ['Kafka away', withKafka({ unreachable: 'connection refused', topics: [] }), ['kafka', [], []]],
    [
      'topic missing',
      withTopic(0, { problem: 'does not exist', partitions: undefined }),
      ['topics', [], []],
    ],
    [
      'topic that may not be written',
      withTopic(1, { operations: ['DESCRIBE'] }),
      ['permissions', [], []],
    ],
    [
      'group that may not be seen',
      withGroup({ problem: 'may not be seen', state: undefined, positions: [] }),
      ['group', [], []],
    ],
    [
      'lag that nobody works on',
      withGroup({
        members: 0,
        state: 'Empty',
        positions: [{ partition: 0, committed: 1, low: 0, high: 9 }],
      }),
      ['lag', [], []],
    ],
  ])('%s', (_what, change, verdict) => {
    expect(verdictIds(diagnosed({ ...well, ...change }))).toEqual(verdict);
  });

  test('all faults that have nothing to do with one another are told', () => {
    const both = {
      ...well,
      clusterRoles: none,
      ...withContainer({ state: { waiting: { reason: 'ErrImagePull' } } }),
    };
    const diagnosis = diagnosed(both);
    expect(verdictIds(diagnosis)).toEqual(['cluster-role', [], ['pods']]);
    expect(reportText(diagnosis).join('\n')).toMatch(/Wrong beside it:\n.*ErrImagePull/);
  });
});

describe('what should be known is no fault', () => {
  test.each<[what: string, change: Partial<Snapshot>, odd: string[]]>([
    ['no Trigger', { triggers: none }, []],
    [
      'no Trigger and no ClusterRole',
      { triggers: none, clusterRoles: none },
      ['cluster-role warning'],
    ],
    ['no Knative', { triggers: unserved, clusterRoles: none }, []],
    ['a Trigger without a filter', withTrigger({ filter: undefined }), []],
    [
      'a Trigger for the replies',
      withTrigger({ filter: { attributes: { type: 'seldon.iris.default.response' } } }),
      ['trigger-filter warning'],
    ],
    [
      'a Trigger by `filters` for another',
      withTrigger({ filters: [{ exact: { type: 'seldon.other.default.request' } }] }),
      ['trigger-filter warning'],
    ],
    ['a Trigger by URI', withTrigger({ subscriber: { uri: address } }), []],
    [
      'a Trigger with a path of its own',
      withTrigger(
        {
          subscriber: {
            ref: {
              apiVersion: 'machinelearning.seldon.io/v1',
              kind: 'SeldonDeployment',
              name: 'iris',
            },
            uri: '/x',
          },
        },
        {},
        new URL('/x', address).href,
      ),
      [],
    ],
    [
      'a Trigger of another name',
      withTrigger(
        {
          subscriber: {
            ref: {
              apiVersion: 'machinelearning.seldon.io/v1',
              kind: 'SeldonDeployment',
              name: 'wine',
            },
          },
        },
        { conditions: [isFalse('Ready')] },
      ),
      [],
    ],
    [
      'no dead-letter sink',
      {
        brokers: new Map([
          ['default/default', seen({ status: { conditions: [isTrue('Ready')] } })],
        ]),
      },
      ['dead-letter warning'],
    ],
    ['asleep without a Trigger', { ...replicas(0), triggers: none }, []],
    [
      'asleep without a Trigger, its pods gone',
      { ...replicas(0), ...noEndpoints, pods: none, triggers: none },
      [],
    ],
    [
      'a change a moment old',
      {
        resource: edited(
          edited(well.resource, ['metadata', 'generation'], 2),
          ['metadata', 'creationTimestamp'],
          '2026-01-31T11:59:55Z',
        ),
      },
      ['observed warning'],
    ],
    ['no Lease', { lease: absent }, []],
    [
      'status warnings',
      withCondition({ ...isTrue('Warnings'), message: 'a split' }),
      ['warnings warning'],
    ],
    [
      'another writer',
      withCondition({ ...isTrue('StatusContested'), message: 'x' }),
      ['contested warning'],
    ],
    [
      'a paused ScaledObject',
      withScaler(['status', 'conditions'], [isTrue('Ready'), isTrue('Paused')]),
      ['scaled-object warning'],
    ],
    [
      'a threshold below the workers',
      withScaler(['spec', 'triggers', 0, 'metadata', 'lagThreshold'], '1'),
      ['scale-trigger warning'],
    ],
    [
      'another offset reset',
      withScaler(['spec', 'triggers', 0, 'metadata', 'offsetResetPolicy'], 'latest'),
      ['scale-trigger warning'],
    ],
    [
      'more replicas than partitions',
      withScaler(['spec', 'maxReplicaCount'], 9),
      ['max-replicas warning'],
    ],
    [
      'an HPA at its end',
      {
        hpas: edited(
          well.hpas,
          [0, 'status', 'conditions'],
          [{ ...isTrue('ScalingLimited'), reason: 'TooManyReplicas' }],
        ),
      },
      ['hpa warning'],
    ],
    [
      'an HPA that rests',
      {
        hpas: edited(
          well.hpas,
          [0, 'status', 'conditions'],
          [isFalse('ScalingActive', 'ScalingDisabled')],
        ),
      },
      [],
    ],
    [
      'a pod that restarts often',
      withStatuses(['containerStatuses', 0, 'restartCount'], 9),
      ['pods warning'],
    ],
    [
      'a pod that starts',
      {
        pods: edited(
          edited(well.pods, [0, 'status'], { phase: 'Pending' }),
          [0, 'metadata', 'creationTimestamp'],
          '2026-01-31T11:59:00Z',
        ),
      },
      [],
    ],
    [
      'one adapter of two that is not ready',
      {
        pods: seen<Objects>([
          ...podsOf(well),
          ...podsOf({ ...well, ...withContainer({ state: { running: {} } }) }),
        ]),
      },
      ['predictor warning'],
    ],
    [
      'a pod that leaves',
      { pods: edited(well.pods, [0, 'metadata', 'deletionTimestamp'], '2026-01-31T11:59:55Z') },
      [],
    ],
    [
      'no offset',
      withGroup({ positions: [{ partition: 0, committed: -1, low: 0, high: 0 }] }),
      ['offsets warning'],
    ],
    [
      'an offset before the log',
      withGroup({ positions: [{ partition: 0, committed: 1, low: 5, high: 9 }] }),
      ['offsets warning'],
    ],
    ['a group that rebalances', withGroup({ state: 'PreparingRebalance' }), ['group warning']],
    [
      'brokers by a name that is not known here',
      withKafka({ unreachable: 'getaddrinfo ENOTFOUND kafka.in-cluster', topics: [] }),
      ['max-replicas unseen', 'kafka unseen'],
    ],
    [
      'one that is being deleted',
      {
        resource: edited(well.resource, ['metadata', 'deletionTimestamp'], '2026-01-31T11:59:55Z'),
      },
      ['resource warning'],
    ],
    ['Kafka not asked', { kafka: undefined }, ['max-replicas unseen', 'kafka unseen']],
  ])('%s', (_what, change, expected) => {
    const diagnosis = diagnosed({ ...well, ...change });
    expect(odd(diagnosis)).toEqual(expected);
    expect(exitCodeOf(diagnosis.verdict)).toBe(0);
  });
});

test('a Secret that is not there explains all that waits for it', () => {
  const env = [
    { name: 'KAFKA_BROKER', value: 'b:1' },
    { name: 'KAFKA_INPUT_TOPIC', value: 'in' },
    { name: 'KAFKA_OUTPUT_TOPIC', value: 'out' },
    { name: 'KAFKA_SASL_PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } },
  ];
  const snapshot = wellSnapshot({ env });
  expect(verdictIds(diagnosed(snapshot))).toEqual([undefined, [], []]);
  const waiting = {
    ...snapshot,
    ...noEndpoints,
    ...withContainer({ state: { waiting: { reason: 'CreateContainerConfigError' } } }),
    resource: edited(
      snapshot.resource,
      ['status', 'conditions'],
      [
        { ...isTrue('Accepted'), observedGeneration: 1 },
        isFalse('ResourcesApplied', 'SecretMissing'),
      ],
    ),
    keys: new Map([['Secret s', absent]]),
  };
  expect(verdictIds(diagnosed(waiting))).toEqual([
    'references',
    ['applied', 'endpoints', 'pods'],
    [],
  ]);
  const keyless = diagnosed({ ...snapshot, keys: new Map([['Secret s', seen(['other'])]]) });
  expect(keyless.verdict.cause?.told).toContain('no key "password"');
});

test('what the controller gave the adapter beside its own settings is known from its Deployment', () => {
  const made = wellSnapshot();
  const bare = {
    ...made,
    resource: edited(made.resource, ['spec', 'predictors', 0, 'svcOrchSpec'], {}),
  };
  const diagnosis = diagnosed(bare);
  expect(verdictIds(diagnosis)).toEqual([undefined, [], []]);
  expect(diagnosis.checks.find(({ id }) => id === 'kafka-settings')?.told).toContain(
    'reads topic in as group default.iris.default, writes to out, errors to out.errors',
  );
  const stray = diagnosed({
    ...bare,
    ...withScaler(['spec', 'triggers', 0, 'metadata', 'consumerGroup'], 'other'),
  });
  expect(stray.verdict.cause?.id).toBe('scale-trigger');
});

test("beside Seldon's operator, whose objects have their own names, nothing is missed", () => {
  const attached: Snapshot = {
    ...well,
    resource: edited(well.resource, ['status'], {
      state: 'Available',
      address: { url: address },
      conditions: [{ ...isTrue('Addressable'), observedGeneration: 1 }, isTrue('Ready')],
    }),
    deployments: edited(well.deployments, [0, 'metadata', 'name'], 'iris-default-0-other'),
    ...withScaler(['spec', 'scaleTargetRef', 'name'], 'iris-default-0-other'),
  };
  const renamed = {
    ...attached,
    scaledObjects: edited(attached.scaledObjects, [0, 'metadata', 'name'], 'iris-default-0-other'),
  };
  expect(odd(diagnosed(renamed))).toEqual([]);
  const behind = edited(attached.resource, ['metadata', 'generation'], 2);
  expect(verdictIds(diagnosed({ ...renamed, resource: behind }))).toEqual(['observed', [], []]);
});

test('nothing that may not be read is told as fine', () => {
  const blind: Snapshot = {
    ...well,
    lease: unseen,
    triggers: unseen,
    clusterRoles: unseen,
    services: new Map([['default/iris-default', unseen]]),
    endpointSlices: new Map([['default/iris-default', unseen]]),
    deployments: unseen,
    pods: unseen,
    scaledObjects: unseen,
    hpas: unseen,
    kafka: undefined,
  };
  const diagnosis = diagnosed(blind);
  const fine = diagnosis.checks.filter(({ state }) => state === 'fine').map(({ id }) => id);
  expect(fine).toEqual(['crd', 'resource', 'accepted', 'applied', 'observed', 'address']);
  expect(exitCodeOf(diagnosis.verdict)).toBe(0);
  expect(reportText(diagnosis).at(-1)).toMatch(
    /^Verdict: ✓ nothing wrong in what was looked at; \d+ not looked at/,
  );
  expect(exitCodeOf(diagnosed({ ...well, resource: unseen }).verdict)).toBe(3);
});

test('where Deployments may not be read, the conditions speak for them', () => {
  const blind = { deployments: unseen, pods: unseen };
  const asleep = withCondition(isFalse('HttpReachable', 'ScaledToZero', 'iris is scaled to zero'));
  expect(verdictIds(diagnosed({ ...well, ...blind, ...asleep }))).toEqual([
    'scaled-to-zero',
    [],
    [],
  ]);
  const alone = { ...well, ...blind, ...asleep, triggers: none };
  expect(verdictIds(diagnosed(alone))).toEqual([undefined, [], []]);
  const failed = withCondition(isFalse('DeploymentsReady', 'Failed', 'quota'));
  expect(verdictIds(diagnosed({ ...well, ...blind, ...failed }))).toEqual(['deployments', [], []]);
});

test('every fault and warning says what to do', () => {
  for (const change of [
    { clusterRoles: none },
    { resource: absent },
    withScaler(['spec', 'maxReplicaCount'], 9),
  ]) {
    for (const check of diagnosed({ ...well, ...change }).checks) {
      if (check.state === 'fault' || check.state === 'warning') expect(check.todo).toMatch(/\w/);
    }
  }
});

test('what comes from the cluster cannot steer a terminal', () => {
  const hostile = withTrigger(
    {},
    { conditions: [isFalse('Ready', 'x', '\u001b[2J\nVerdict: ✓ all is well\u202e')] },
  );
  const lines = reportText(diagnosed({ ...well, ...hostile }));
  for (const steering of ['\u001b', '\n', '\u202e']) expect(lines.join('')).not.toContain(steering);
  expect(lines.filter((line) => line.startsWith('Verdict'))).toHaveLength(1);
  expect(JSON.parse(reportJson(diagnosed({ ...well, ...hostile }))).verdict.result).toBe('wrong');
});

test('what is to be pasted into a shell holds nothing that the cluster could put there', () => {
  const url = 'http://iris-default.default.svc.cluster.local:8000/$(reboot)';
  const hostile = {
    ...well,
    resource: edited(well.resource, ['status', 'addresses', 0, 'url'], url),
    ...withTrigger({}, {}, 'http://old.default.svc.cluster.local/'),
  };
  const touch = diagnosed(hostile).checks.find(({ id }) => id === 'trigger-address');
  expect(touch?.todo).toContain('annotate trigger requests');
  expect(touch?.todo).not.toContain('reboot');
});

test('docs/doctor.md has every check', () => {
  const document = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8');
  for (const id of Object.keys(checkIds)) expect(document).toContain(`| \`${id}\` |`);
});

describe('objects of any shape', () => {
  const likely = fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    true,
    [],
    {},
    [null],
    ['x'],
    [{}],
    'default',
    'iris',
    '__proto__',
    'True',
    'http://',
    '\ud800',
    'Ready',
  );
  const anything = fc.oneof({ weight: 3, arbitrary: likely }, fc.jsonValue());
  const place = fc.array(fc.nat(40), { minLength: 1, maxLength: 9 });

  /** Replaces one member somewhere within what was seen. */
  function spoilt(value: unknown, path: readonly number[], by: unknown): unknown {
    const [first, ...rest] = path;
    if (first === undefined || typeof value !== 'object' || value === null) return by;
    const keys = Object.keys(value);
    const key = keys[first % Math.max(keys.length, 1)];
    if (key === undefined) return by;
    const member: unknown = Reflect.get(value, key);
    if (Array.isArray(value)) return value.with(Number(key), spoilt(member, rest, by));
    return { ...value, [key]: spoilt(member, rest, by) };
  }
  const fields = [
    'resource',
    'lease',
    'triggers',
    'clusterRoles',
    'deployments',
    'pods',
    'scaledObjects',
    'hpas',
  ] as const;
  const maps = ['brokers', 'services', 'endpointSlices', 'triggerAuthentications'] as const;
  const spoilList = (looked: Snapshot['pods'], path: readonly number[], by: unknown) =>
    looked.kind === 'seen'
      ? { kind: 'seen', value: looked.value.map((one) => spoilt(one, path, by)) }
      : looked;

  test('never make it throw, and always come to a verdict', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields, ...maps), place, anything, (field, path, by) => {
        let change: object;
        if (field === 'resource' || field === 'lease') {
          const looked = well[field];
          const value = looked.kind === 'seen' ? spoilt(looked.value, path, by) : {};
          change = { [field]: { kind: 'seen', value } };
        } else if (
          field === 'brokers' ||
          field === 'services' ||
          field === 'triggerAuthentications'
        ) {
          const value = new Map(
            [...well[field]].map(([key, looked]) => [
              key,
              looked.kind === 'seen'
                ? { kind: 'seen', value: spoilt(looked.value, path, by) }
                : looked,
            ]),
          );
          change = { [field]: value };
        } else if (field === 'endpointSlices') {
          change = {
            [field]: new Map(
              [...well[field]].map(([key, looked]) => [key, spoilList(looked, path, by)]),
            ),
          };
        } else change = { [field]: spoilList(well[field], path, by) };
        const diagnosis = diagnosed({ ...well, ...change } as Snapshot);
        expect(reportText(diagnosis).some((line) => line.startsWith('Verdict: '))).toBe(true);
        JSON.parse(reportJson(diagnosis));
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});
