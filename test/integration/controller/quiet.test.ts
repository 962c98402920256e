/** When nothing has changed nothing is written: by a resync, a restart, another leader. */

import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { foreignCrds, ourCrd, seldonDeployments } from '../../support/config-dir.ts';
import { type Place, placeFor } from '../../support/controller-case.ts';
import { lookedAtAgain, writesOf } from '../../support/controller-metrics.ts';
import { kafkaEnv, sdep, strayGraph } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const keda = foreignCrds.filter(({ name }) => name === 'keda.yaml').map((it) => it.manifest);
const kube = await useKubeServer({
  controllerManager: true,
  prepare: ({ admin }) => applyCrds(admin, [ourCrd(), ...keda]),
});
const kinds = [
  'SeldonDeployment',
  'Deployment',
  'Service',
  'HorizontalPodAutoscaler',
  'ScaledObject',
  'TriggerAuthentication',
];

/** Until neither the controller nor Kubernetes' own has anything left to do. */
async function settled(place: Place): Promise<Readonly<Record<string, string>>> {
  await place.until(async () => {
    const rollouts = (await place.list('Deployment')) as unknown as readonly Rollout[];
    for (const { metadata, spec, status } of rollouts) {
      // Nothing runs the pods, so this is as far as Kubernetes gets with it.
      expect(status?.observedGeneration).toBe(metadata.generation);
      expect(status?.updatedReplicas ?? 0).toBe(spec.replicas ?? 1);
    }
    // Their controller looks every five seconds; without metrics this is all that it finds.
    const autoscalers = (await place.list(
      'HorizontalPodAutoscaler',
    )) as unknown as readonly Scaled[];
    for (const { status } of autoscalers) {
      expect(status?.conditions?.map(({ type }) => type)).toContain('ScalingActive');
    }
  });
  let before = await place.versions(kinds);
  for (let same = 0; same < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = await place.versions(kinds);
    same = JSON.stringify(now) === JSON.stringify(before) ? same + 1 : 0;
    before = now;
  }
  return before;
}

interface Rollout {
  readonly metadata: { readonly generation?: number };
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly observedGeneration?: number; readonly updatedReplicas?: number };
}

interface Scaled {
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
}

/** Every Secret that a fixture names, so that it is made whole. */
async function createSecrets(place: Place, manifest: object): Promise<void> {
  const found = JSON.stringify(manifest).matchAll(/"secretKeyRef":(\{[^}]*\})/g);
  for (const [, text = '{}'] of found) {
    const { name, key } = JSON.parse(text) as { name: string; key: string };
    const there = (await place.get('Secret', name)) as { data?: object } | undefined;
    const data = { ...there?.data, [key]: 'c2VjcmV0' };
    await place.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data });
  }
}

describe.skipIf(kube.missing)('where nothing has changed', () => {
  test.each(seldonDeployments.map(({ name, manifest }) => [name, manifest] as const))(
    '%s: a resync writes nothing',
    async (_name, manifest) => {
      const place = await placeFor(kube);
      await createSecrets(place, manifest);
      const controller = await place.start({ RESYNC_MS: '1000' });
      const { labels = {}, annotations = {} } = manifest.metadata;
      const metadata = { name: manifest.metadata.name, labels, annotations };
      await place.apply({ ...manifest, metadata });
      await place.until(async () => {
        const condition = await place.condition(metadata.name, 'ResourcesApplied');
        expect(condition?.status, JSON.stringify(condition)).toBe('True');
      });
      const versions = await settled(place);
      const writes = await writesOf(controller.url);
      await lookedAtAgain(controller, place);
      expect(await place.versions(kinds)).toEqual(versions);
      expect(await writesOf(controller.url)).toBe(writes);
      expect(controller.complaints()).toEqual([]);
    },
  );

  test('a restart of the controller writes nothing', async () => {
    const place = await placeFor(kube);
    const first = await place.start();
    const kedaSpec = { minReplicaCount: 0, maxReplicaCount: 2, triggers: [{ type: 'kafka' }] };
    await place.apply(sdep('plain', { predictors: ['a', 'b'] }));
    await place.apply(sdep('scaled', { serverType: 'kafka', env: kafkaEnv, kedaSpec }));
    await place.apply(sdep('invalid', { graph: strayGraph }));
    await place.until(async () => {
      expect(await place.condition('plain', 'ResourcesApplied')).toMatchObject({ status: 'True' });
      expect(await place.condition('scaled', 'ResourcesApplied')).toMatchObject({ status: 'True' });
      expect(await place.condition('invalid', 'Accepted')).toMatchObject({ status: 'False' });
    });
    const versions = await settled(place);
    await first.stop();
    const second = await place.start({ RESYNC_MS: '1000' });
    await lookedAtAgain(second, place);
    expect(await writesOf(second.url)).toBe(0);
    expect(await place.versions(kinds)).toEqual(versions);
  });
});
