import { describe, expect, it } from 'vitest';
import { createChildIndex } from '../../../src/controller/child-index.ts';
import type { KubeObject, KubeOwner } from '../../../src/kubernetes/kube-object.ts';

const owner = (name: string, uid: string, change: Partial<KubeOwner> = {}): KubeOwner => ({
  apiVersion: 'machinelearning.seldon.io/v1',
  kind: 'SeldonDeployment',
  name,
  uid,
  controller: true,
  ...change,
});
const child = (name: string, ...ownerReferences: readonly KubeOwner[]): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'n', name, ownerReferences },
});

describe('children by owner', () => {
  it('are found by the uid of the SeldonDeployment that controls them', () => {
    const index = createChildIndex();
    expect(index.put(child('a', owner('iris', 'u1')))).toEqual(['n/iris']);
    index.put(child('b', owner('iris', 'u1')));
    index.put(child('c', owner('wine', 'u2')));
    expect(index.of('u1').map(({ key }) => key)).toEqual(['n/a', 'n/b']);
    expect(index.of('u3')).toEqual([]);
  });

  it('that change hands are told to both owners', () => {
    const index = createChildIndex();
    index.put(child('a', owner('iris', 'u1')));
    expect(index.put(child('a', owner('wine', 'u2')))).toEqual(['n/iris', 'n/wine']);
    expect(index.of('u1')).toEqual([]);
  });

  it('that go are told to their last owner, once', () => {
    const index = createChildIndex();
    index.put(child('a', owner('iris', 'u1')));
    const id = { kind: 'Deployment', key: 'n/a' };
    expect(index.remove(id)).toEqual(['n/iris']);
    expect(index.remove(id)).toEqual([]);
    expect(index.of('u1')).toEqual([]);
  });

  it.each([
    ['nobody', []],
    ['one who does not control', [owner('iris', 'u', { controller: false })]],
    ['another kind', [owner('iris', 'u', { kind: 'Deployment' })]],
    ['another group', [owner('iris', 'u', { apiVersion: 'example.com/v1' })]],
  ])('of %s are nobody’s', (_whose, owners) => {
    const index = createChildIndex();
    expect(index.put(child('a', ...owners))).toEqual([]);
    expect(index.of('u')).toEqual([]);
  });
});
