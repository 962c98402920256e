import { describe, expect, it } from 'vitest';
import {
  fieldManager,
  hashAnnotation,
  isApplied,
  withHash,
} from '../../../src/controller/applied.ts';
import { projectChild } from '../../../src/controller/project.ts';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'iris', namespace: 'models', labels: { app: 'iris' } },
  spec: { ports: [{ name: 'http', port: 8000 }], selector: { app: 'iris' }, type: 'ClusterIP' },
};

/** What the API server's bookkeeping says after our apply of `service`. */
const fields = () => ({
  'f:metadata': {
    'f:annotations': { [`f:${hashAnnotation}`]: {} },
    'f:labels': { 'f:app': {} },
  },
  'f:spec': {
    'f:ports': {
      'k:{"port":8000,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} },
    },
    'f:selector': {},
    'f:type': {},
  } as Record<string, object>,
});

function live(fieldsV1: object = fields(), manager = fieldManager): KubeObject {
  const desired = withHash(service);
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      uid: 'u',
      managedFields: [
        { manager: 'kube-controller-manager', operation: 'Update', fieldsV1: {} },
        { manager, operation: 'Apply', fieldsV1 },
      ],
    },
  };
}

const without = (change: (fieldSet: ReturnType<typeof fields>) => unknown): KubeObject => {
  const changed = fields();
  change(changed);
  return live(changed);
};

describe('what was applied is still there', () => {
  it('where the hash is the same and every field is ours; a list by key has its defaults', () => {
    expect(isApplied(withHash(service), live())).toBe(true);
  });

  it('as the caches keep it, too', () => {
    expect(isApplied(withHash(service), projectChild(live()))).toBe(true);
  });

  it('not where we want something else', () => {
    const other = { ...service, spec: { type: 'NodePort' } };
    expect(isApplied(withHash(other), live())).toBe(false);
  });

  it.each([
    ['a scalar', without((it) => delete it['f:spec']['f:type'])],
    ['a label', without((it) => Object.assign(it['f:metadata'], { 'f:labels': { 'f:b': {} } }))],
    [
      'a field of a list item',
      without((it) => {
        it['f:spec']['f:ports'] = { 'k:{"port":8000,"protocol":"TCP"}': { 'f:port': {} } };
      }),
    ],
    [
      'a list item',
      without((it) => {
        it['f:spec']['f:ports'] = { 'k:{"port":1,"protocol":"TCP"}': { 'f:name': {} } };
      }),
    ],
    ['everything', live({})],
  ])('not where somebody took %s from us', (_what, object) => {
    expect(isApplied(withHash(service), object)).toBe(false);
    expect(isApplied(withHash(service), projectChild(object))).toBe(false);
  });

  it('not where another manager applied it', () => {
    expect(isApplied(withHash(service), live(fields(), 'kubectl'))).toBe(false);
  });

  it('a set names its items, an atomic list is whole, and what is empty needs no owner', () => {
    const spec = { ...(service['spec'] as object), sets: ['a', 'b'], atomic: [{ x: 1 }], none: {} };
    const desired = withHash({ ...service, spec });
    const held = fields();
    Object.assign(held['f:spec'], { 'f:sets': { 'v:"a"': {}, 'v:"b"': {} }, 'f:atomic': {} });
    const object = {
      ...live(held),
      metadata: { ...live(held).metadata, annotations: desired.metadata.annotations ?? {} },
    };
    expect(isApplied(desired, object)).toBe(true);
    held['f:spec']['f:sets'] = { 'v:"a"': {} };
    expect(isApplied(desired, object)).toBe(false);
  });
});

describe('the hash', () => {
  const hashOf = (manifest: Manifest) => withHash(manifest).metadata.annotations?.[hashAnnotation];

  it('does not depend on the order of keys', () => {
    const { spec, metadata, kind, apiVersion } = service;
    expect(hashOf({ spec, metadata, kind, apiVersion })).toBe(hashOf(service));
  });

  it('depends on everything else', () => {
    expect(hashOf({ ...service, spec: {} })).not.toBe(hashOf(service));
    const metadata = { ...service.metadata, labels: {} };
    expect(hashOf({ ...service, metadata })).not.toBe(hashOf(service));
  });
});
