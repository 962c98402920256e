import { describe, expect, it } from 'vitest';
import { createCheckReferences } from '../../../src/controller/references.ts';
import type { Reference } from '../../../src/controller/render/rendered.ts';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';

const reference = (keys: readonly string[], kind: Reference['kind'] = 'Secret'): Reference => ({
  kind,
  name: 'kafka',
  keys,
  field: 'spec.predictors[0].svcOrchSpec.env[3]',
});

function setUp(answer: () => object | undefined) {
  const world = { now: 0, asked: 0, told: [] as string[] };
  const check = createCheckReferences({
    client: {
      get: async (ref) => {
        world.asked += 1;
        const found = answer();
        return found === undefined
          ? undefined
          : { apiVersion: 'v1', kind: ref.kind, metadata: { name: ref.name }, ...found };
      },
    },
    now: () => world.now,
    unreadable: (kind) => void world.told.push(kind),
  });
  return { world, check };
}

describe('what pods refer to', () => {
  it('is there: nothing to tell', async () => {
    const { check } = setUp(() => ({ data: { a: 'x' }, binaryData: { b: 'y' } }));
    expect(await check('n', [reference(['a', 'b']), reference([])])).toEqual([]);
  });

  it('is missing: the object, the field that names it, and what to do are told', async () => {
    const { check } = setUp(() => undefined);
    const [finding] = await check('n', [reference(['a'], 'ConfigMap')]);
    expect(finding?.reason).toBe('ConfigMapMissing');
    expect(finding?.message).toContain('spec.predictors[0].svcOrchSpec.env[3]');
    expect(finding?.message).toContain('ConfigMap kafka');
  });

  it('lacks keys: each is told, and no value', async () => {
    const { check } = setUp(() => ({ data: { a: 'aHVudGVyMg==' } }));
    const [finding] = await check('n', [reference(['a', 'b', 'c'])]);
    expect(finding?.reason).toBe('SecretKeyMissing');
    expect(finding?.message).toMatch(/"b", "c"/);
    expect(finding?.message).not.toContain('aHVudGVyMg');
  });

  it('may not be read: that is told elsewhere, and keeps nothing from being made', async () => {
    const { check, world } = setUp(() => {
      throw new KubernetesApiError(403, 'Forbidden', 'no');
    });
    expect(await check('n', [reference(['a'])])).toEqual([]);
    expect(world.told).toEqual(['Secret']);
  });

  it('cannot be asked for now: that is an error, tried again at the next call', async () => {
    let away = true;
    const { check } = setUp(() => {
      if (away) throw new KubernetesApiError(0, 'Unreachable', 'no');
      return { data: {} };
    });
    await expect(check('n', [reference([])])).rejects.toThrow('no');
    away = false;
    expect(await check('n', [reference([])])).toEqual([]);
  });

  it('is asked for once for many, and anew after a short while', async () => {
    const { check, world } = setUp(() => ({ data: {} }));
    await Promise.all([check('n', [reference([])]), check('n', [reference([])])]);
    expect(world.asked).toBe(1);
    await check('other', [reference([])]);
    expect(world.asked).toBe(2);
    world.now = 10_000;
    await check('n', [reference([])]);
    expect(world.asked).toBe(3);
  });
});
