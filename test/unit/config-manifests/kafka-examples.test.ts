import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { configDir, readYaml, yamlFilesIn } from '../../support/config-dir.ts';
import {
  adapterOf,
  envOf,
  ofKind,
  podOf,
  renderResource,
} from '../controller/render/render-case.ts';

const examples = yamlFilesIn(join(configDir, 'kafka')).map((file) => {
  const manifests = readYaml(file);
  const sdep = manifests.find(({ kind }) => kind === 'SeldonDeployment');
  const secrets = manifests.filter(({ kind }) => kind === 'Secret');
  return { name: basename(file), sdep, secrets };
});

const rendered = (sdep: Manifest | undefined) =>
  renderResource({ ...sdep, metadata: { ...sdep?.metadata, uid: '5ee5-d0c5' } });

const keysOf = (secret: Manifest | undefined): string[] =>
  Object.keys((secret?.['stringData'] as object | undefined) ?? {});

describe.each(examples)('config/kafka/$name', ({ sdep, secrets }) => {
  const secretNamed = (name: string | undefined) =>
    secrets.find(({ metadata }) => metadata.name === name);

  it('renders without problems or warnings', () => {
    const { problems, warnings } = rendered(sdep);
    expect([...problems, ...warnings]).toEqual([]);
  });

  it('has settings that the adapter takes', () => {
    const env = envOf(adapterOf(rendered(sdep)));
    const parsed = parseAdapterConfig([], { ...env, SELDON_NAMESPACE: 'seldon' });
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    expect(parsed.ok && parsed.values.warnings).toEqual([]);
  });

  it('has every file that the adapter reads in a Secret of its own', () => {
    const result = rendered(sdep);
    const adapter = adapterOf(result);
    const files = Object.entries(envOf(adapter)).filter(([name]) => /^KAFKA_.*_FILE$/.test(name));
    expect(files.length).toBeGreaterThan(0);
    for (const [, path] of files) {
      const mounts = (adapter['volumeMounts'] ?? []) as { name: string; mountPath: string }[];
      const mount = mounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
      const volumes = (podOf(result)['volumes'] ?? []) as {
        name: string;
        secret?: { secretName: string };
      }[];
      const volume = volumes.find(({ name }) => name === mount?.name);
      expect(keysOf(secretNamed(volume?.secret?.secretName))).toContain(basename(path));
    }
  });

  it('lets KEDA authenticate by the same Secrets', () => {
    const [authentication] = ofKind(rendered(sdep), 'TriggerAuthentication');
    const spec = authentication?.['spec'] as
      | { readonly secretTargetRef?: readonly { readonly name: string; readonly key: string }[] }
      | undefined;
    expect(spec?.secretTargetRef?.length).toBeGreaterThan(0);
    for (const { name, key } of spec?.secretTargetRef ?? [])
      expect(keysOf(secretNamed(name))).toContain(key);
  });
});
