/** The API server goes and comes back, connections are cut: whatever was missed is made good. */

import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd } from '../../support/config-dir.ts';
import { type Place, placeFor } from '../../support/controller-case.ts';
import { metric, writesOf } from '../../support/controller-metrics.ts';
import { startControllerProcess } from '../../support/controller-process.ts';
import { deploymentName, sdep } from '../../support/controller-sdeps.ts';
import { clusterOf } from '../../support/kube-config.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });

const environmentOf = (place: Place, kubeconfig = kube.kubeconfigPath()) => ({
  KUBECONFIG: kubeconfig,
  POD_NAMESPACE: place.namespace,
  WATCH_NAMESPACES: place.namespace,
});

/** Until every one of these has a Deployment with this image, and its status says so. */
const areMade = (place: Place, names: readonly string[], image: string) =>
  place.until(async () => {
    const deployments = new Map(
      (await place.list('Deployment')).map((it) => [it.metadata.name, JSON.stringify(it['spec'])]),
    );
    const missing = names.filter(
      (name) => !deployments.get(deploymentName(name))?.includes(`"${image}"`),
    );
    expect(missing).toEqual([]);
    const sdeps = await place.list('SeldonDeployment');
    const behind = sdeps.filter(
      ({ metadata, status }) =>
        (status as { observedGeneration?: number } | undefined)?.observedGeneration !==
        metadata.generation,
    );
    expect(behind.map(({ metadata }) => metadata.name)).toEqual([]);
  });

/** Whatever fails meanwhile is tried again: the API server may be away. */
async function persistently(action: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await action();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe.skipIf(!kube.restartable)('the controller', () => {
  test('survives a restart of the API server under load, and acts on what changed meanwhile', async () => {
    const place = await placeFor(kube);
    const controller = await startControllerProcess(environmentOf(place));
    const names = Array.from({ length: 60 }, (_, i) => `load-${i}`);
    const applyAll = async (image: string) => {
      for (const name of names) await persistently(() => place.apply(sdep(name, { image })));
    };
    await applyAll('model:1');
    const changing = applyAll('model:2');
    await kube.restart();
    await changing;
    await areMade(place, names, 'model:2');
    await kube.stopApiServer();
    await kube.startApiServer();
    await place.apply(sdep('load-0', { image: 'model:3' }));
    await areMade(place, ['load-0'], 'model:3');
    expect((await fetch(`${controller.url}/livez`)).status).toBe(200);
    expect(controller.output()).not.toMatch(/unhandled|TypeError/i);
  });

  test('misses nothing while its connections are cut every few seconds for a minute', async () => {
    const place = await placeFor(kube);
    const cluster = clusterOf(kube.kubeconfigPath());
    const proxy = await startTcpProxy(new URL(cluster.server));
    onTestFinished(proxy.close);
    const kubeconfig = await kube.kubeconfigFor({ user: 'admin' });
    const text = await readFile(kubeconfig, 'utf8');
    await writeFile(kubeconfig, text.replaceAll(cluster.server, `https://127.0.0.1:${proxy.port}`));
    const controller = await startControllerProcess(environmentOf(place, kubeconfig));
    const end = Date.now() + 60_000;
    let cuts = 0;
    const names: string[] = [];
    while (Date.now() < end) {
      const name = `cut-${names.length}`;
      names.push(name);
      await place.apply(sdep(name));
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (names.length % 4 === 0) cuts += proxy.cut() > 0 ? 1 : 0;
    }
    expect(cuts).toBeGreaterThan(10);
    await areMade(place, names, 'model:1');
    for (const name of names) await place.remove('SeldonDeployment', name);
    await place.apply(sdep('last'));
    await areMade(place, ['last'], 'model:1');
    const watches = 'seldon_eventing_controller_watch_events_total';
    const opened = await metric(controller.url, watches, 'event="watch_opened"');
    // A few kinds, each watched anew after each cut: neither dead nor spinning.
    expect(opened).toBeGreaterThan(cuts);
    expect(opened).toBeLessThan(cuts * 20);
    expect(await writesOf(controller.url)).toBeLessThan(names.length * 12);
  });
});
