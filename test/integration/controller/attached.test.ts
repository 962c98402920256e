/** Attached mode, beside Seldon's operator, under Seldon's own CRD. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { configDir, foreignCrds, readYaml } from '../../support/config-dir.ts';
import { type Place, pathOfKind, placeFor } from '../../support/controller-case.ts';
import { lookedAtAgain, writesOf } from '../../support/controller-metrics.ts';
import { deploymentName, kafkaEnv, sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const text = JSON.stringify(
  foreignCrds
    .filter(({ name }) => name === 'seldon-core-v1.yaml' || name === 'keda.yaml')
    .map((it) => it.manifest),
);
// The fixture has a group of its own, so as not to be in the way of our CRD elsewhere.
const crds: Manifest[] = JSON.parse(
  text.replaceAll('seldon-core-v1.example.com', 'machinelearning.seldon.io'),
);
const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, crds) });
const attached = { CONTROLLER_MODE: 'attached', RESYNC_MS: '1000' };

/** What Seldon's operator does: an update of the status with what its types know. */
async function operatorWrites(place: Place, name: string, status: object): Promise<void> {
  const path = `${pathOfKind('SeldonDeployment', place.namespace)}/${name}/status`;
  const answer = await kube.admin.request('PATCH', `${path}?fieldManager=manager`, { status });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

describe.skipIf(kube.missing)("attached, under Seldon's CRD", () => {
  test('writes the address where there is none, and nothing that the CRD does not declare', async () => {
    const place = await placeFor(kube);
    const controller = await place.start(attached);
    await place.apply(sdep('bare'));
    await place.until(async () =>
      expect((await place.status('bare')).address?.url).toBe(
        `http://bare-main.${place.namespace}.svc.cluster.local:8000/api/v1.0/predictions`,
      ),
    );
    await lookedAtAgain(controller, place);
    expect(await place.list('Deployment')).toEqual([]);
    expect(await place.list('Service')).toEqual([]);
    expect(controller.complaints()).toEqual([]);
  });

  test("the operator's address stands where it leads to the same Service", async () => {
    const place = await placeFor(kube);
    await place.apply(sdep('same'));
    const url = `http://same-main.${place.namespace}:9000/other/path`;
    await operatorWrites(place, 'same', { state: 'Available', address: { url } });
    const controller = await place.start(attached);
    await lookedAtAgain(controller, place);
    expect(await place.status('same')).toMatchObject({ address: { url }, state: 'Available' });
  });

  test('an address that leads elsewhere is put right', async () => {
    const place = await placeFor(kube);
    await place.apply(sdep('wrong'));
    await operatorWrites(place, 'wrong', { address: { url: 'http://elsewhere.models/' } });
    await place.start(attached);
    await place.until(async () =>
      expect((await place.status('wrong')).address?.url).toContain('wrong-main'),
    );
  });

  test("the operator's conditions are left alone", async () => {
    const place = await placeFor(kube);
    await place.apply(sdep('theirs'));
    const conditions = [{ type: 'DeploymentsReady', status: 'True' }];
    await operatorWrites(place, 'theirs', { conditions });
    await place.start(attached);
    await place.until(async () => expect((await place.status('theirs')).address).toBeDefined());
    expect((await place.status('theirs')).conditions).toEqual(
      expect.arrayContaining([expect.objectContaining(conditions[0] ?? {})]),
    );
  });

  test('KEDA objects are made where the operator made none, and left alone where it did', async () => {
    const place = await placeFor(kube);
    const kedaSpec = { maxReplicaCount: 4, triggers: [{ type: 'kafka' }] };
    const options = { serverType: 'kafka', env: kafkaEnv, kedaSpec } as const;
    const made = await place.apply({
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: deploymentName('made') },
      spec: { scaleTargetRef: { name: deploymentName('made') }, triggers: [] },
    });
    const controller = await place.start(attached);
    await place.apply(sdep('made', options));
    await place.apply(sdep('unmade', options));
    await place.until(async () =>
      expect(await place.get('ScaledObject', deploymentName('unmade'))).toHaveProperty(
        'spec.maxReplicaCount',
        4,
      ),
    );
    await place.until(async () => {
      expect((await place.status('made')).address).toBeDefined();
      expect((await place.status('unmade')).address).toBeDefined();
    });
    const left = await place.get('ScaledObject', deploymentName('made'));
    expect(left?.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const writes = await writesOf(controller.url);
    await lookedAtAgain(controller, place);
    expect(await writesOf(controller.url)).toBe(writes);
    expect(controller.complaints()).toEqual([]);
  });

  // Last of all: the CRD stays patched.
  test('with the CRD patched there are named addresses and a condition beside the others', async () => {
    const [operations] = readYaml<readonly object[]>(
      join(configDir, 'components/seldon-crd/status.yaml'),
    );
    const path = await kube.admin.pathOf(
      crds.find(({ metadata }) => isSeldons(metadata)) ?? sdep(''),
    );
    const type = 'application/json-patch+json';
    expect((await kube.admin.request('PATCH', path, operations, type)).status).toBe(200);
    const place = await placeFor(kube);
    await place.apply(sdep('patched', { predictors: ['main', 'canary'] }));
    const theirs = { type: 'DeploymentsReady', status: 'True' };
    await operatorWrites(place, 'patched', { conditions: [theirs] });
    const controller = await place.start(attached);
    const complete = () =>
      place.until(async () => {
        const { address, addressable, addresses } = await place.status('patched');
        expect(addressable).toEqual(address);
        expect(addresses?.map(({ name }) => name)).toEqual(['main', 'canary']);
        expect(await place.condition('patched', 'Addressable')).toMatchObject({ status: 'True' });
        expect(await place.condition('patched', 'DeploymentsReady')).toMatchObject(theirs);
      });
    await complete();
    // Seldon's operator knows neither field and drops both when it updates.
    await operatorWrites(place, 'patched', { addressable: null, addresses: null });
    await complete();
    const writes = await writesOf(controller.url);
    await lookedAtAgain(controller, place);
    expect(await writesOf(controller.url)).toBe(writes);
  });
});

const isSeldons = ({ name }: { readonly name: string }): boolean => name.startsWith('seldon');
