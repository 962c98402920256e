/** What dashboard and alerts ask for of the controller is there, while one runs. */

import { expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd } from '../../support/config-dir.ts';
import { placeFor } from '../../support/controller-case.ts';
import { startControllerProcess } from '../../support/controller-process.ts';
import { sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { missingIn, selectorsOf, shippedQueries } from '../../support/promql.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });

test.skipIf(kube.missing)(
  'a running controller has every metric and label that dashboard and alerts ask for',
  async () => {
    const place = await placeFor(kube);
    const controller = await startControllerProcess({
      KUBECONFIG: kube.kubeconfigPath(),
      POD_NAMESPACE: place.namespace,
      WATCH_NAMESPACES: place.namespace,
    });
    await place.apply(sdep('iris'));
    await place.until(async () =>
      expect((await place.list('Deployment')).map(({ metadata }) => metadata.name)).not.toEqual([]),
    );
    const queries = shippedQueries().filter(({ expr }) =>
      selectorsOf(expr).some(({ metric }) => metric.startsWith('seldon_eventing_controller_')),
    );
    expect(queries.length).toBeGreaterThan(8);
    // Counted by their reasons, of which there are none while nothing fails.
    const mayBeEmpty = new Set(['seldon_eventing_controller_errors_total']);
    await place.until(async () => {
      const scrape = await (await fetch(`${controller.url}/metrics`)).text();
      expect(missingIn(scrape, queries, mayBeEmpty)).toEqual([]);
    });
  },
);
