import { describe, expect, it } from 'vitest';
import type { Status } from '../../../src/controller/status.ts';
import { ourCrd, seldonDeployments } from '../../support/config-dir.ts';
import { type Schema, undeclaredFields } from './schema.ts';

interface Crd {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const crd = ourCrd() as unknown as Crd;
const root = crd.spec.versions[0]?.schema.openAPIV3Schema ?? {};
const at = (schema: Schema, ...path: readonly string[]): Schema =>
  path.reduce((found, name) => {
    const next = name === '[]' ? found.items : found.properties?.[name];
    if (next === undefined) throw new Error(`the schema has no ${path.join('.')}`);
    return next;
  }, schema);

describe('the CRD', () => {
  it.each(seldonDeployments.map(({ name, manifest }) => [name, manifest]))(
    'declares every field of %s',
    (_name, manifest) => {
      expect(undeclaredFields(root, manifest)).toEqual([]);
    },
  );

  it('declares every field of the status that the controller writes', () => {
    const status: Required<Status> = {
      address: { url: 'http://iris-default.default.svc.cluster.local:8000/' },
      addressable: { url: 'http://iris-default.default.svc.cluster.local:8000/' },
      addresses: [{ name: 'default', url: 'http://iris-default.default.svc.cluster.local:8000/' }],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Ready',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
          observedGeneration: 1,
        },
      ],
      observedGeneration: 1,
      state: 'Available',
      description: '',
      replicas: 1,
      selector: 'seldon-deployment-id=iris',
      deploymentStatus: {
        'iris-default-0-classifier': { availableReplicas: 1, replicas: 1, status: 'Available' },
      },
    };
    expect(undeclaredFields(root, { status })).toEqual([]);
  });

  it("has the plural that Knative guesses, and Knative's label", () => {
    expect(crd.spec.names.plural).toBe(`${crd.spec.names.kind.toLowerCase()}s`);
    expect(crd.metadata.labels['duck.knative.dev/addressable']).toBe('true');
  });

  it('types the nodes of the graph alike on all of its levels, and is open below', () => {
    const graph = at(root, 'spec', 'predictors', '[]', 'graph');
    const child = at(graph, 'children', '[]');
    const grandchild = at(child, 'children', '[]');
    const last = at(grandchild, 'children', '[]');
    const own = ({ properties = {}, required }: Schema) => {
      const { children, ...fields } = properties;
      expect(children?.maxItems).toBe(64);
      return { fields, required };
    };
    for (const level of [child, grandchild, last]) expect(own(level)).toEqual(own(graph));
    const below = at(last, 'children', '[]');
    expect(below['x-kubernetes-preserve-unknown-fields']).toBe(true);
    expect(below.required).toEqual(['name']);
  });
});
