/** Our manifests beside those of other tests in one cluster. */

import type { Manifest } from '../../src/controller/render/manifest.ts';

interface Binding extends Manifest {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly name: string; readonly namespace?: string }[];
}

/**
 * The manifests as they stand, but in a namespace of the test's own; ClusterRoles and their bindings
 * have it in their names. CRDs stay what they are.
 */
export function placedIn(namespace: string, manifests: readonly Manifest[]): readonly Manifest[] {
  const named = (manifest: Manifest, name: string): Manifest => ({
    ...manifest,
    metadata: { ...manifest.metadata, name },
  });
  const ownName = (name: string) => `${name}-${namespace}`;
  return manifests.map((manifest) => {
    const { kind, metadata } = manifest;
    switch (kind) {
      case 'CustomResourceDefinition':
        return manifest;
      case 'Namespace':
        return named(manifest, namespace);
      case 'ClusterRole':
        return named(manifest, ownName(metadata.name));
      case 'ClusterRoleBinding':
        return named(bound(manifest, namespace, ownName), ownName(metadata.name));
      case 'RoleBinding':
        return { ...bound(manifest, namespace, ownName), metadata: { ...metadata, namespace } };
      default:
        return { ...manifest, metadata: { ...metadata, namespace } };
    }
  });
}

function bound(manifest: Manifest, namespace: string, ownName: (name: string) => string): Manifest {
  const { roleRef, subjects } = manifest as Binding;
  const { kind, name } = roleRef;
  return {
    ...manifest,
    roleRef: { ...roleRef, name: kind === 'ClusterRole' ? ownName(name) : name },
    subjects: subjects.map((subject) => ({ ...subject, namespace })),
  };
}
