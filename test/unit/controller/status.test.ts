import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/controller/conditions.ts';
import type { DeploymentView } from '../../../src/controller/deployment-view.ts';
import { type Observed, type Status, statusOf } from '../../../src/controller/status.ts';

const url = 'http://iris-main.models.svc.cluster.local:8000/api/v1.0/predictions';
const deployment: DeploymentView = {
  name: 'iris-main-0-model',
  wanted: 1,
  replicas: 1,
  available: 1,
  state: 'Available',
  message: '',
};
const fine: Observed = {
  selector: 'seldon-deployment-id=iris',
  generation: 3,
  previous: undefined,
  problems: [],
  warnings: [],
  addresses: [{ name: 'main', url }],
  obstacles: [],
  deployments: [deployment],
  addressed: [deployment.name],
  scaledByOthers: [],
  contested: undefined,
  nowRfc3339: '2026-01-01T00:00:00Z',
};
const of = (change: Partial<Observed>): Status => statusOf({ ...fine, ...change });
const condition = (status: Status, type: Condition['type']) =>
  status.conditions.find((it) => it.type === type);

describe('the status', () => {
  it('of what runs is Available and Ready, with its address under every name', () => {
    const status = of({});
    expect(status).toMatchObject({
      address: { url },
      addressable: { url },
      addresses: [{ name: 'main', url }],
      state: 'Available',
      description: '',
      observedGeneration: 3,
      replicas: 1,
      deploymentStatus: {
        'iris-main-0-model': { availableReplicas: 1, replicas: 1, status: 'Available' },
      },
    });
    expect(status.conditions.map(({ type, status: value }) => [type, value])).toEqual([
      ['Ready', 'True'],
      ['Accepted', 'True'],
      ['ResourcesApplied', 'True'],
      ['DeploymentsReady', 'True'],
      ['HttpReachable', 'True'],
    ]);
  });

  it('has the address before anything was tried', () => {
    const status = of({ obstacles: undefined, deployments: [] });
    expect(status).toMatchObject({ address: { url }, state: 'Creating' });
    expect(condition(status, 'ResourcesApplied')?.status).toBe('Unknown');
    expect(condition(status, 'Ready')?.status).toBe('Unknown');
  });

  it('keeps the last address where there is none to tell', () => {
    const previous = of({});
    const problems = [{ reason: 'GraphInvalid', message: 'graph: wrong' }];
    const status = of({ previous, problems, addresses: [] });
    expect(status).toMatchObject({
      address: { url },
      addressable: { url },
      addresses: [{ name: 'main', url }],
      state: 'Failed',
      description: 'GraphInvalid: graph: wrong',
    });
    expect(condition(status, 'ResourcesApplied')).toMatchObject({ reason: 'NotAccepted' });
  });

  it('what runs goes on as it was where a later edit is not accepted', () => {
    const problems = [{ reason: 'GraphInvalid', message: 'graph: wrong' }];
    const status = of({ previous: of({}), problems, addresses: [], addressed: [] });
    expect(condition(status, 'HttpReachable')).toMatchObject({ status: 'True' });
    const fresh = of({ problems, addresses: [], addressed: [], deployments: [] });
    expect(condition(fresh, 'HttpReachable')).toMatchObject({ status: 'Unknown' });
  });

  it('has no address where there never was one', () => {
    const problems = [{ reason: 'GraphInvalid', message: 'graph: wrong' }];
    expect(of({ problems, addresses: [] })).not.toHaveProperty('address');
  });

  it('keeps the time of a condition that stays, and renews that of one that turns', () => {
    const previous = of({});
    const later = { previous, nowRfc3339: '2026-06-01T00:00:00Z', generation: 4 };
    const unready = { ...deployment, available: 0, state: 'Creating', message: 'm' } as const;
    const status = of({ ...later, deployments: [unready] });
    expect(condition(status, 'Accepted')).toMatchObject({
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 4,
    });
    expect(condition(status, 'Ready')).toMatchObject({
      status: 'False',
      lastTransitionTime: '2026-06-01T00:00:00Z',
    });
  });

  it.each(['previous', 7, null, { conditions: 'x' }, { conditions: [null, 3] }])(
    'survives a former status of %j',
    (previous) => {
      expect(of({ previous }).state).toBe('Available');
    },
  );

  it('names every obstacle, and fails', () => {
    const obstacles = [
      { reason: 'SecretMissing', message: 'a' },
      { reason: 'SecretMissing', message: 'b' },
    ];
    const status = of({ obstacles, deployments: [] });
    expect(condition(status, 'ResourcesApplied')).toMatchObject({
      status: 'False',
      reason: 'SecretMissing',
      message: 'a; b',
    });
    expect(status.state).toBe('Failed');
  });

  it('is Failed where a Deployment failed, in its own words', () => {
    const failed = { ...deployment, available: 0, state: 'Failed', message: 'quota' } as const;
    const status = of({ deployments: [failed] });
    expect(status.state).toBe('Failed');
    expect(condition(status, 'DeploymentsReady')?.message).toContain('quota');
  });

  it('of what KEDA scaled to zero is Ready, and HTTP reaches nobody', () => {
    const asleep = { ...deployment, wanted: 0, replicas: 0, available: 0 };
    const status = of({ deployments: [asleep], scaledByOthers: [asleep.name] });
    expect(condition(status, 'Ready')?.status).toBe('True');
    expect(condition(status, 'HttpReachable')).toMatchObject({
      status: 'False',
      reason: 'ScaledToZero',
    });
    expect(condition(status, 'HttpReachable')?.message).toContain('KafkaSink');
  });

  it('warns and tells of another writer only while there is reason to', () => {
    const warnings = [{ reason: 'TrafficNotSplit', message: 'w' }];
    const contested = { reason: 'AnotherWriter', message: 'c' };
    const status = of({ warnings, contested });
    expect(condition(status, 'Warnings')).toMatchObject({ status: 'True', message: 'w' });
    expect(condition(status, 'StatusContested')).toMatchObject({ status: 'True' });
    expect(condition(of({ previous: status }), 'Warnings')).toBeUndefined();
  });
});
