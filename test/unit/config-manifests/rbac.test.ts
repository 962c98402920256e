import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { configDir, readYaml, yamlFilesIn } from '../../support/config-dir.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Role extends Manifest {
  readonly rules: readonly Rule[];
}
interface Binding extends Manifest {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string }[];
}

const isKustomizeOwn = (file: string): boolean =>
  file.endsWith('kustomization.yaml') || file.endsWith('seldon-crd/status.yaml');
const manifests = yamlFilesIn(configDir)
  .filter((file) => !isKustomizeOwn(file))
  .flatMap((file) => readYaml(file));
const ofKind = <T extends Manifest>(...kinds: readonly string[]): readonly T[] =>
  manifests.filter(({ kind }) => kinds.includes(kind)) as T[];
const roles = ofKind<Role>('ClusterRole', 'Role');
const bindings = ofKind<Binding>('ClusterRoleBinding', 'RoleBinding');

describe('the roles', () => {
  it('grant nothing by a wildcard, and nothing that could be turned into more', () => {
    const dangerous = ['*', 'escalate', 'bind', 'impersonate', 'deletecollection'];
    const granted = roles.flatMap(({ rules }) =>
      rules.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]),
    );
    expect(granted.filter((word) => dangerous.includes(word))).toEqual([]);
    expect(granted.filter((word) => /^(?:pods|roles|clusterroles|nodes)/.test(word))).toEqual([]);
  });

  it('never let Secrets be listed', () => {
    const verbs = roles.flatMap(({ rules }) =>
      rules.filter(({ resources }) => resources.includes('secrets')).flatMap((rule) => rule.verbs),
    );
    expect([...new Set(verbs)]).toEqual(['get']);
  });

  it('let Knative read the addresses', () => {
    const addressable = roles.filter(
      ({ metadata }) => metadata.labels?.['duck.knative.dev/addressable'] === 'true',
    );
    expect(addressable.map(({ rules }) => rules)).toEqual([
      [
        {
          apiGroups: ['machinelearning.seldon.io'],
          resources: ['seldondeployments', 'seldondeployments/status'],
          verbs: ['get', 'list', 'watch'],
        },
      ],
    ]);
  });
});

describe('the bindings', () => {
  it('bind roles that are there to an account that is there', () => {
    const accounts = ofKind('ServiceAccount').map(({ metadata }) => metadata.name);
    const names = roles.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(bindings.length).toBeGreaterThan(2);
    for (const { roleRef, subjects } of bindings) {
      expect(names).toContain(`${roleRef.kind} ${roleRef.name}`);
      expect(accounts).toEqual(subjects.map(({ name }) => name));
    }
  });
});
