import { describe, expect, it } from 'vitest';
import { createFresh } from '../../../src/controller/fresh.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';

const object = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'n', name: 'a', resourceVersion },
});

function setUp() {
  const clock = { now: 0 };
  const fresh = createFresh(() => clock.now);
  const newest = (cached: KubeObject | undefined) =>
    fresh.newest('Service', 'n/a', cached)?.metadata.resourceVersion;
  return { clock, fresh, newest };
}

describe('what we wrote', () => {
  it('stands over what the watch has not told yet, by number and not by text', () => {
    const { fresh, newest } = setUp();
    fresh.wrote('Service', object('100'));
    expect(newest(object('99'))).toBe('100');
    expect(newest(undefined)).toBe('100');
  });

  it('gives way to what is as new or newer', () => {
    const { fresh, newest } = setUp();
    fresh.wrote('Service', object('100'));
    expect(newest(object('101'))).toBe('101');
    expect(newest(undefined)).toBeUndefined();
  });

  it('gives way where the watch told of it, or that it is gone', () => {
    const { fresh, newest } = setUp();
    fresh.wrote('Service', object('100'));
    fresh.seen('Service', object('99'));
    expect(newest(undefined)).toBe('100');
    fresh.seen('Service', object('100'));
    expect(newest(undefined)).toBeUndefined();
    fresh.wrote('Service', object('102'));
    fresh.gone('Service', 'n/a');
    expect(newest(undefined)).toBeUndefined();
  });

  it('is not believed for ever where the watch never told of it', () => {
    const { clock, fresh, newest } = setUp();
    fresh.wrote('Service', object('100'));
    clock.now = 120_000;
    expect(newest(undefined)).toBeUndefined();
  });

  it('is one kind of one name', () => {
    const { fresh } = setUp();
    fresh.wrote('Service', object('100'));
    expect(fresh.newest('Deployment', 'n/a', undefined)).toBeUndefined();
    expect(fresh.newest('Service', 'n/b', undefined)).toBeUndefined();
  });
});
