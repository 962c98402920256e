/** The status beside another writer, and what it says of Deployments. */

import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd } from '../../support/config-dir.ts';
import { type Place, pathOfKind, placeFor } from '../../support/controller-case.ts';
import { writesOf } from '../../support/controller-metrics.ts';
import { deploymentName, sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });

/** Another controller's write: the whole status, as an update. */
async function overwrite(place: Place, name: string, status: object): Promise<void> {
  const path = `${pathOfKind('SeldonDeployment', place.namespace)}/${name}/status`;
  const query = '?fieldManager=seldon-manager';
  const answer = await kube.admin.request('PATCH', path + query, { status });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

async function made(place: Place, name: string): Promise<string> {
  await place.apply(sdep(name));
  await place.until(async () =>
    expect(await place.condition(name, 'ResourcesApplied')).toMatchObject({ status: 'True' }),
  );
  return (await place.status(name)).address?.url ?? '';
}

describe.skipIf(kube.missing)('the status', () => {
  test('an address that another writer erases or changes comes back', async () => {
    const place = await placeFor(kube);
    await place.start();
    const url = await made(place, 'once');
    for (const address of [null, { url: 'http://elsewhere.example/' }]) {
      await overwrite(place, 'once', { address });
      await place.until(async () => expect((await place.status('once')).address?.url).toBe(url));
    }
    expect(await place.condition('once', 'StatusContested')).toBeUndefined();
  });

  test('a writer that fights is told of, repaired against, and not fought without end', async () => {
    const place = await placeFor(kube);
    const { url: metrics } = await place.start();
    const url = await made(place, 'fought');
    let overwritten = 0;
    await place.until(async () => {
      if ((await place.status('fought')).address?.url === url) {
        await overwrite(place, 'fought', { address: { url: 'http://elsewhere.example/' } });
        overwritten += 1;
      }
      const contested = await place.condition('fought', 'StatusContested');
      expect(contested).toMatchObject({ status: 'True', reason: 'AnotherWriter' });
      expect(contested?.message).toContain('seldon-manager');
    });
    await place.until(async () => {
      const reasons = (await place.list('Event')).map((event) => event['reason']);
      expect(reasons).toContain('AnotherWriter');
    });
    await place.until(async () => expect((await place.status('fought')).address?.url).toBe(url));
    // Each repair waits longer than the one before: what was overwritten is what was repaired.
    expect(await writesOf(metrics)).toBeLessThan(10 + 2 * overwritten);
  });

  test('conditions and fields of others stand beside ours', async () => {
    const place = await placeFor(kube);
    await place.start();
    await made(place, 'beside');
    const theirs = { type: 'Audited', status: 'True' };
    const path = `${pathOfKind('SeldonDeployment', place.namespace)}/beside/status?fieldManager=other&force=true`;
    const { status } = await kube.admin.request(
      'PATCH',
      path,
      {
        ...sdep('beside'),
        spec: undefined,
        status: { conditions: [theirs], serviceStatus: { 'beside-main': { svcName: 'x' } } },
      },
      'application/apply-patch+yaml',
    );
    expect(status).toBe(200);
    await place.apply(sdep('beside', { image: 'model:2' }));
    await place.until(async () =>
      expect((await place.status('beside')).observedGeneration).toBe(2),
    );
    expect(await place.condition('beside', 'Audited')).toMatchObject(theirs);
    expect(await place.condition('beside', 'Ready')).toMatchObject({ observedGeneration: 2 });
    expect(await place.status('beside')).toHaveProperty('serviceStatus');
  });

  test('follows the Deployment, and keeps the address while pods come and go', async () => {
    const place = await placeFor(kube);
    await place.start();
    const url = await made(place, 'ready');
    const name = deploymentName('ready');
    const report = async (available: number): Promise<void> => {
      const path = `${pathOfKind('Deployment', place.namespace)}/${name}/status`;
      const { generation } = (await place.get('Deployment', name))?.metadata ?? {};
      const condition = { type: 'Available', status: available > 0 ? 'True' : 'False' };
      const status = {
        observedGeneration: generation,
        replicas: 1,
        readyReplicas: available,
        availableReplicas: available,
        conditions: [{ ...condition, reason: 'x', message: 'y' }],
      };
      const answer = await kube.admin.request('PATCH', path, { status });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    };
    const expectState = (state: string, ready: string) =>
      place.until(async () => {
        const status = await place.status('ready');
        expect(status).toMatchObject({ state, address: { url } });
        expect(await place.condition('ready', 'Ready')).toMatchObject({ status: ready });
        return status;
      });
    await expectState('Creating', 'False');
    await report(1);
    const status = await expectState('Available', 'True');
    expect(status.deploymentStatus).toEqual({
      [name]: { availableReplicas: 1, replicas: 1, status: 'Available' },
    });
    expect(status.replicas).toBe(1);
    await report(0);
    await expectState('Creating', 'False');
  });
});
