/** From a SeldonDeployment to what runs, and back, on a real API server. */

import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd } from '../../support/config-dir.ts';
import { placeFor } from '../../support/controller-case.ts';
import { deploymentName, sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer({
  controllerManager: true,
  prepare: ({ admin }) => applyCrds(admin, [ourCrd()]),
});

describe.skipIf(kube.missing)('the controller, managed', () => {
  test('gives a SeldonDeployment its address, a Deployment and a Service', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('iris', { replicas: 2 }));
    await place.until(async () => {
      const ready = await place.condition('iris', 'ResourcesApplied');
      expect(ready?.status, JSON.stringify(ready)).toBe('True');
    });
    const owner = await place.get('SeldonDeployment', 'iris');
    const deployment = await place.get('Deployment', deploymentName('iris'));
    const service = await place.get('Service', 'iris-main');
    for (const child of [deployment, service]) {
      expect(child?.metadata).toMatchObject({
        ownerReferences: [{ kind: 'SeldonDeployment', uid: owner?.metadata.uid, controller: true }],
      });
    }
    expect(deployment).toHaveProperty('spec.replicas', 2);
    const url = `http://iris-main.${place.namespace}.svc.cluster.local:8000/api/v1.0/predictions`;
    expect(await place.status('iris')).toMatchObject({
      address: { url },
      addressable: { url },
      addresses: [{ name: 'main', url }],
      observedGeneration: 1,
      state: 'Creating',
      selector: 'seldon-deployment-id=iris',
    });
  });

  test('follows a changed image, replicas and predictors; what goes is removed', async () => {
    const place = await placeFor(kube);
    await place.start();
    const names = async (kind: string) =>
      (await place.list(kind)).map(({ metadata }) => metadata.name).sort();
    await place.apply(sdep('two', { predictors: ['main', 'canary'] }));
    await place.until(async () => {
      expect(await names('Deployment')).toEqual([
        deploymentName('two', 'canary'),
        deploymentName('two', 'main'),
      ]);
      expect((await place.status('two')).addresses?.map(({ name }) => name)).toEqual([
        'main',
        'canary',
      ]);
    });
    await place.apply(sdep('two', { predictors: ['canary'], image: 'model:2', replicas: 3 }));
    await place.until(async () => {
      expect(await names('Deployment')).toEqual([deploymentName('two', 'canary')]);
      expect(await names('Service')).not.toContain('two-main');
      const deployment = await place.get('Deployment', deploymentName('two', 'canary'));
      expect(deployment).toHaveProperty('spec.replicas', 3);
      expect(JSON.stringify(deployment)).toContain('model:2');
      const { addresses, address } = await place.status('two');
      expect(addresses).toHaveLength(1);
      expect(address?.url).toContain('two-canary');
    });
  });

  test('the address that comes first is that of the first predictor, after a swap too', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('swap', { predictors: ['a', 'b'] }));
    const order = async () => (await place.status('swap')).addresses?.map(({ name }) => name);
    await place.until(async () => expect(await order()).toEqual(['a', 'b']));
    await place.apply(sdep('swap', { predictors: ['b', 'a'] }));
    await place.until(async () => expect(await order()).toEqual(['b', 'a']));
  });

  test('puts back what others change or remove', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('kept', { replicas: 1 }));
    const name = deploymentName('kept');
    await place.until(async () => expect(await place.get('Deployment', name)).toBeDefined());
    await place.patch('Deployment', name, { spec: { replicas: 5 } });
    await place.until(async () =>
      expect(await place.get('Deployment', name)).toHaveProperty('spec.replicas', 1),
    );
    await place.remove('Service', 'kept-main');
    await place.until(async () => expect(await place.get('Service', 'kept-main')).toBeDefined());
  });

  test('leaves what others add', async () => {
    const place = await placeFor(kube);
    await place.start({ RESYNC_MS: '1000' });
    await place.apply(sdep('shared'));
    const name = deploymentName('shared');
    await place.until(async () => expect(await place.get('Deployment', name)).toBeDefined());
    const annotations = { 'example.com/note': 'ours' };
    await place.patch('Deployment', name, { metadata: { annotations } });
    await place.apply(sdep('shared', { image: 'model:2' }));
    await place.until(async () => {
      const deployment = await place.get('Deployment', name);
      expect(JSON.stringify(deployment)).toContain('model:2');
      expect(deployment?.metadata.annotations).toMatchObject(annotations);
    });
  });

  test('a deleted SeldonDeployment takes everything with it', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('gone'));
    await place.until(async () =>
      expect(await place.get('Deployment', deploymentName('gone'))).toBeDefined(),
    );
    await place.remove('SeldonDeployment', 'gone');
    await place.until(async () => {
      expect(await place.list('Deployment')).toEqual([]);
      expect(await place.list('Service')).toEqual([]);
    });
  });
});
