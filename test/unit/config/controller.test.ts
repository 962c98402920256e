import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  controllerSettings,
  parseControllerConfig,
  parseServerImages,
} from '../../../src/config/controller.ts';
import { parseRenderConfig } from '../../../src/config/render.ts';
import type { SettingGroup } from '../../../src/config/setting.ts';

const valuesOf = (environment: Record<string, string>, args: string[] = []) => {
  const parsed = parseControllerConfig(args, environment);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.values;
};

describe('the controller’s settings', () => {
  const withFallback = Object.entries(controllerSettings as SettingGroup).filter(
    ([, { fallback }]) => fallback !== undefined,
  );

  it.each(withFallback)('%s has a fallback that is a valid value', (_name, setting) => {
    expect(setting.schema.safeParse(setting.fallback).success).toBe(true);
  });

  it('have defaults that suit a cluster', () => {
    expect(valuesOf({})).toMatchObject({
      mode: 'managed',
      clusterDomain: 'cluster.local',
      httpPort: 8080,
      leaderElection: 'on',
      leaseDurationMs: 15_000,
    });
    expect(valuesOf({}).namespaces).toBeUndefined();
  });

  it('the adapter’s image is of this version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(valuesOf({}).adapterImage).toBe(`seldon-eventing:${version}`);
  });

  it('come from flags and variables', () => {
    const values = valuesOf({ WATCH_NAMESPACES: 'a, b', CONTROLLER_MODE: 'Attached' }, [
      '--controller-workers=3',
    ]);
    expect(values).toMatchObject({ namespaces: ['a', 'b'], mode: 'attached', workers: 3 });
  });

  it.each([
    [{ WATCH_NAMESPACES: 'A_b' }, 'WATCH_NAMESPACES'],
    [{ WATCH_NAMESPACES: ',' }, 'WATCH_NAMESPACES'],
    [{ CONTROLLER_MODE: 'both' }, 'CONTROLLER_MODE'],
    [{ ADAPTER_IMAGE: 'no image' }, 'ADAPTER_IMAGE'],
    [{ LEADER_ELECTION: 'maybe' }, 'LEADER_ELECTION'],
    [{ LEASE_RENEW_DEADLINE_MS: '20000' }, 'LEASE_DURATION_MS'],
    [{ LEASE_RETRY_MS: '10000' }, 'LEASE_RETRY_MS'],
  ])('%j is refused', (environment, name) => {
    const parsed = parseControllerConfig([], environment as Record<string, string>);
    expect(parsed.ok ? '' : parsed.problems.join()).toContain(name);
  });
});

describe('the file of server images', () => {
  const defaults = {
    storageInitializer: 'init:1',
    byImplementation: { SKLEARN_SERVER: { image: 'sklearn:1', v2Image: 'mlserver:1' } },
  };

  it('is put over the defaults, entry by entry', () => {
    const content = JSON.stringify({ byImplementation: { MY_SERVER: { image: 'mine:1' } } });
    expect(parseServerImages(content, defaults)).toEqual({
      ok: true,
      values: {
        storageInitializer: 'init:1',
        byImplementation: { ...defaults.byImplementation, MY_SERVER: { image: 'mine:1' } },
      },
    });
  });

  it.each([
    '',
    '[]',
    '{"images": {}}',
    '{"byImplementation": {"A": {}}}',
    '{"storageInitializer": 1}',
  ])('%s is refused, and the place named', (content) => {
    const parsed = parseServerImages(content, defaults);
    expect(parsed.ok ? '' : parsed.problems[0]).toContain('SERVER_IMAGES');
  });
});

describe('the settings of render', () => {
  it('has kubectl’s short flags, and - for standard input', () => {
    const parsed = parseRenderConfig(['-f', '-', '-n', 'models', '--diff'], {});
    expect(parsed.ok && parsed.values).toMatchObject({
      file: '-',
      namespace: 'models',
      diff: 'true',
    });
  });

  it('wants a file', () => {
    const parsed = parseRenderConfig([], {});
    expect(parsed.ok ? '' : parsed.problems.join()).toContain('RENDER_FILE');
  });
});
