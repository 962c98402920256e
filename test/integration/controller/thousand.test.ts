/** A thousand SeldonDeployments: all are made, and a resync of them writes nothing. */

import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd } from '../../support/config-dir.ts';
import { pathOfKind, placeFor, type SdepStatus } from '../../support/controller-case.ts';
import { metric, reconcilesOf, writesOf } from '../../support/controller-metrics.ts';
import { startControllerProcess } from '../../support/controller-process.ts';
import { sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });
const count = 1_000;
/** It is a minute on two idle cores. */
const slow = { timeout: 600_000 };

/** Seldom enough not to be the load. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 500));
}

describe.skipIf(kube.missing)('a thousand SeldonDeployments', () => {
  test('are all made from nothing; looking at them again writes nothing', slow, async () => {
    const place = await placeFor(kube);
    const path = pathOfKind('SeldonDeployment', place.namespace);
    const names = Array.from({ length: count }, (_, i) => `model-${i}`);
    const createShare = async (share: number): Promise<void> => {
      for (const [i, name] of names.entries()) {
        if (i % 8 === share)
          expect((await kube.admin.request('POST', path, sdep(name))).status).toBe(201);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, share) => createShare(share)));
    const { url } = await startControllerProcess({
      KUBECONFIG: kube.kubeconfigPath(),
      POD_NAMESPACE: place.namespace,
      WATCH_NAMESPACES: place.namespace,
      RESYNC_MS: '8000',
    });
    const applied = (kind: string) =>
      metric(url, 'seldon_eventing_controller_writes_total', `kind="${kind}",verb="apply"`);
    await until(async () => (await applied('Deployment')) >= count);
    await until(async () => (await metric(url, 'seldon_eventing_controller_queue_depth')) === 0);
    const lookedAtAgain = async (): Promise<void> => {
      const before = await reconcilesOf(url);
      await until(async () => (await reconcilesOf(url)) >= before + 2 * count);
    };
    await lookedAtAgain();
    const sdeps = await place.list('SeldonDeployment');
    const unmade = sdeps.filter(({ status }) => {
      const { address, conditions = [] } = (status ?? {}) as SdepStatus;
      const made = conditions.some(({ reason }) => reason === 'Applied');
      return address === undefined || !made;
    });
    expect(sdeps).toHaveLength(count);
    expect(unmade).toEqual([]);
    expect(await place.list('Deployment')).toHaveLength(count);
    expect(await place.list('Service')).toHaveLength(count);
    const [versions, writes] = [await place.versions(), await writesOf(url)];
    await lookedAtAgain();
    expect(await writesOf(url)).toBe(writes);
    expect(await place.versions()).toEqual(versions);
  });
});
