import { describe, expect, it } from 'vitest';
import {
  type AttachedObserved,
  attachedStatusOf,
  namesSameService,
} from '../../../src/controller/attached-status.ts';

const url = 'http://iris-main.models.svc.cluster.local:8000/api/v1.0/predictions';
const observed: AttachedObserved = {
  generation: 1,
  previous: undefined,
  owns: () => false,
  problems: [],
  warnings: [],
  addresses: [{ name: 'main', url }],
  obstacles: undefined,
  contested: undefined,
  nowRfc3339: '2026-01-01T00:00:00Z',
};
const of = (change: Partial<AttachedObserved>) => attachedStatusOf({ ...observed, ...change });

describe("attached, beside another's status", () => {
  it('the address is set where there is none, and where it leads elsewhere', () => {
    expect(of({})).toMatchObject({ address: { url }, addressable: { url } });
    const previous = { address: { url: 'http://other.models/' } };
    expect(of({ previous }).address).toEqual({ url });
  });

  it("another's address of the same Service is left alone", () => {
    const previous = { address: { url: 'http://iris-main.models:9000/x' } };
    expect(of({ previous })).not.toHaveProperty('address');
  });

  it('one that is ours is written again, or the API server would take it away', () => {
    const previous = { address: { url }, addressable: { url }, state: 'Available' };
    expect(of({ previous, owns: () => true }).address).toEqual({ url });
    const problems = [{ reason: 'X', message: 'm' }];
    const status = of({ previous, owns: () => true, problems, addresses: [] });
    expect(status).toMatchObject({ address: { url }, addressable: { url } });
    expect(status).not.toHaveProperty('state');
  });

  it('tells of problems, and of KEDA objects only where there are any', () => {
    const problems = [{ reason: 'GraphInvalid', message: 'm' }];
    expect(of({ problems, addresses: [] }).conditions).toMatchObject([
      { type: 'Addressable', status: 'False', reason: 'GraphInvalid', message: 'm' },
    ]);
    expect(of({}).conditions.map(({ type }) => type)).toEqual(['Addressable']);
    expect(of({ obstacles: [] }).conditions).toMatchObject([
      { type: 'Addressable' },
      { type: 'ResourcesApplied', status: 'True' },
    ]);
  });
});

describe('two URLs name the same Service', () => {
  it.each([
    ['http://a.b:80/x', 'https://a.b.svc.cluster.local/y', true],
    ['http://a.b/', 'http://a.c/', false],
    ['http://a/', 'http://a.b/', false],
    ['no url', 'no url', false],
    ['', '', false],
  ])('%s, %s: %s', (left, right, same) => {
    expect(namesSameService(left, right)).toBe(same);
  });
});
