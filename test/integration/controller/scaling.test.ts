/** Replicas are whose they are: ours, KEDA's, an HPA's, and they pass from one to the other whole. */

import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { foreignCrds, ourCrd } from '../../support/config-dir.ts';
import { type Place, placeFor } from '../../support/controller-case.ts';
import { deploymentName, kafkaEnv, sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const keda = foreignCrds.filter(({ name }) => name === 'keda.yaml').map((it) => it.manifest);
const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });

const kedaSpec = { minReplicaCount: 0, maxReplicaCount: 9, triggers: [{ type: 'kafka' }] };
const kafka = { serverType: 'kafka', env: kafkaEnv } as const;

/** What KEDA and an HPA do: they set the scale. */
async function scale(place: Place, name: string, replicas: number): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${place.namespace}/deployments/${name}/scale`;
  const { status } = await kube.admin.request('PATCH', path, { spec: { replicas } });
  expect(status).toBe(200);
}

const replicasOf = async (place: Place, name: string): Promise<unknown> =>
  (await place.get('Deployment', name))?.['spec'];

describe.skipIf(kube.missing)('who scales', () => {
  // First of all: the cluster has no KEDA yet, and gets it here.
  test('without KEDA that is told and the rest is made; once it is there all follows', async () => {
    const place = await placeFor(kube);
    await place.start({ RESYNC_MS: '2000' });
    await place.apply(sdep('late', { ...kafka, kedaSpec }));
    await place.until(async () => {
      const applied = await place.condition('late', 'ResourcesApplied');
      expect(applied).toMatchObject({ status: 'False', reason: 'KedaMissing' });
      expect(await place.get('Deployment', deploymentName('late'))).toBeDefined();
      expect(await place.get('Service', 'late-main')).toBeDefined();
    });
    await applyCrds(kube.admin, keda);
    await place.until(async () => {
      expect(await place.get('ScaledObject', deploymentName('late'))).toBeDefined();
      expect(await place.condition('late', 'ResourcesApplied')).toMatchObject({ status: 'True' });
    });
  });

  test('a kedaSpec takes the replicas over at their present number, and gives them back', async () => {
    const place = await placeFor(kube);
    await place.start({ RESYNC_MS: '1000' });
    const name = deploymentName('taken');
    const replicas = (count: number) =>
      place.until(async () =>
        expect(await replicasOf(place, name)).toMatchObject({ replicas: count }),
      );
    await place.apply(sdep('taken', { ...kafka, replicas: 3 }));
    await replicas(3);
    const seen = new Set<number>();
    await place.apply(sdep('taken', { ...kafka, replicas: 3, kedaSpec }));
    await place.until(async () => {
      const spec = (await replicasOf(place, name)) as { replicas: number };
      seen.add(spec.replicas);
      expect(await place.get('ScaledObject', name)).toBeDefined();
      expect(await place.condition('taken', 'ResourcesApplied')).toMatchObject({
        status: 'True',
        observedGeneration: 2,
      });
    });
    await replicas(3);
    expect([...seen]).toEqual([3]);
    await scale(place, name, 7);
    await place.apply(sdep('taken', { ...kafka, replicas: 3, kedaSpec, image: 'model:2' }));
    await place.until(async () =>
      expect(JSON.stringify(await replicasOf(place, name))).toContain('model:2'),
    );
    await replicas(7);
    await place.apply(sdep('taken', { ...kafka, replicas: 2, image: 'model:2' }));
    await replicas(2);
    await place.until(async () => expect(await place.get('ScaledObject', name)).toBeUndefined());
  });

  test('an hpaSpec makes an HPA, and its replicas stay its own', async () => {
    const place = await placeFor(kube);
    await place.start({ RESYNC_MS: '1000' });
    const name = deploymentName('auto');
    const metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
    ];
    const hpaSpec = { minReplicas: 1, maxReplicas: 5, metricsv2: metrics };
    await place.apply(sdep('auto', { hpaSpec }));
    await place.until(async () =>
      expect(await place.get('HorizontalPodAutoscaler', name)).toBeDefined(),
    );
    await scale(place, name, 4);
    await place.apply(sdep('auto', { hpaSpec, image: 'model:2' }));
    await place.until(async () =>
      expect(JSON.stringify(await replicasOf(place, name))).toContain('model:2'),
    );
    expect(await replicasOf(place, name)).toMatchObject({ replicas: 4 });
    await place.apply(sdep('auto', { image: 'model:2', replicas: 1 }));
    await place.until(async () => {
      expect(await place.list('HorizontalPodAutoscaler')).toEqual([]);
      expect(await replicasOf(place, name)).toMatchObject({ replicas: 1 });
    });
  });

  test('at zero replicas HttpReachable says so, and the address stays', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('asleep', { ...kafka, kedaSpec }));
    const name = deploymentName('asleep');
    await place.until(async () => expect(await place.get('ScaledObject', name)).toBeDefined());
    const { address } = await place.status('asleep');
    await scale(place, name, 0);
    await place.until(async () =>
      expect(await place.condition('asleep', 'HttpReachable')).toMatchObject({
        status: 'False',
        reason: 'ScaledToZero',
      }),
    );
    expect((await place.status('asleep')).address).toEqual(address);
  });
});
