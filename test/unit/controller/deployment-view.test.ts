import { describe, expect, it } from 'vitest';
import { viewDeployment } from '../../../src/controller/deployment-view.ts';

const view = (spec: unknown, status: unknown, generation = 1) =>
  viewDeployment('it', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'it', generation },
    spec,
    status,
  });
const available = { type: 'Available', status: 'True' };

describe('a Deployment', () => {
  it('that is not there is being created', () => {
    expect(viewDeployment('it', undefined)).toMatchObject({ state: 'Creating', wanted: undefined });
  });

  it('that nobody has looked at is being created', () => {
    expect(view({ replicas: 2 }, undefined)).toMatchObject({ state: 'Creating', wanted: 2 });
  });

  it('whose change was not seen yet is not available, whatever its conditions say', () => {
    const status = { observedGeneration: 1, conditions: [available] };
    expect(view({}, status, 2).state).toBe('Creating');
  });

  it('is available by its own condition, at zero replicas too', () => {
    const status = { observedGeneration: 1, conditions: [available] };
    expect(view({ replicas: 0 }, status)).toMatchObject({ state: 'Available', wanted: 0 });
  });

  it.each([
    { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'late' },
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' },
  ])('fails by $type, in its own words', (condition) => {
    const status = { observedGeneration: 1, conditions: [available, condition] };
    const { state, message } = view({}, status);
    expect([state, message]).toEqual(['Failed', `${condition.reason}: ${condition.message}`]);
  });

  it.each([[null], ['x'], [{ conditions: {} }], [{ conditions: [null], replicas: 'x' }]])(
    'with a status of %j is no reason to fall over',
    (status) => {
      expect(view('x', status, 0).state).toBe('Creating');
    },
  );
});
