/** What cannot be made is told on the SeldonDeployment, and nothing is half-made. */

import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd, seldonDeployments } from '../../support/config-dir.ts';
import { type Place, placeFor } from '../../support/controller-case.ts';
import { deploymentName, kafkaEnv, sdep, strayGraph } from '../../support/controller-sdeps.ts';
import { type KubeObject, useKubeServer } from '../../support/kube-server.ts';
import { changed, refusals } from '../kubernetes/invalid-sdeps.ts';

interface CrdVersion {
  readonly schema: { readonly openAPIV3Schema: { readonly properties: Record<string, object> } };
  readonly subresources: { scale?: object };
}

/** Our CRD without its rules for the spec: an older one, or one that somebody loosened. */
function looseCrd(): Manifest {
  const crd = structuredClone(ourCrd()) as Manifest & {
    spec: { versions: CrdVersion[] };
  };
  for (const version of crd.spec.versions) {
    // Its rules for `replicas` are the API server's own.
    delete version.subresources.scale;
    version.schema.openAPIV3Schema.properties['spec'] = {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    };
  }
  return crd;
}

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [looseCrd()]) });

const placed = (name: string, manifest: Manifest): Manifest => ({
  ...manifest,
  metadata: { name },
});

const fixture = (name: string): Manifest => {
  const found = seldonDeployments.find((it) => it.name === name);
  if (found === undefined) throw new Error(`there is no test/fixtures/sdep/${name}`);
  return found.manifest;
};

/** @returns Events' `note`s on the SeldonDeployment, by reason */
async function eventsOf(place: Place, name: string): Promise<Readonly<Record<string, string>>> {
  const events = (await place.list('Event')) as (KubeObject & {
    readonly reason?: string;
    readonly note?: string;
    readonly regarding?: { readonly name?: string };
  })[];
  const own = events.filter(({ regarding }) => regarding?.name === name);
  return Object.fromEntries(own.map(({ reason = '', note = '' }) => [reason, note]));
}

describe.skipIf(kube.missing)('what cannot be made', () => {
  test('is told by a condition and an Event, and nothing is made', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('stray', { graph: strayGraph }));
    await place.until(async () => {
      const accepted = await place.condition('stray', 'Accepted');
      expect(accepted).toMatchObject({ status: 'False', observedGeneration: 1 });
      expect(accepted?.message).toContain('spec.predictors[0].graph');
      const events = await eventsOf(place, 'stray');
      expect(events[accepted?.reason ?? '']).toContain('spec.predictors[0].graph');
    });
    const status = await place.status('stray');
    expect(status).toMatchObject({ state: 'Failed' });
    expect(status.address).toBeUndefined();
    expect(await place.list('Deployment')).toEqual([]);
    expect(await place.list('Service')).toEqual([]);
  });

  test('goes on by itself once it is put right', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('mended', { graph: strayGraph }));
    await place.until(async () =>
      expect(await place.condition('mended', 'Accepted')).toMatchObject({ status: 'False' }),
    );
    await place.apply(sdep('mended'));
    await place.until(async () => {
      expect(await place.condition('mended', 'Accepted')).toMatchObject({ status: 'True' });
      expect(await place.get('Deployment', deploymentName('mended'))).toBeDefined();
    });
  });

  test('a mistake in a later edit takes away neither the address nor what runs', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('kept'));
    await place.until(async () =>
      expect(await place.condition('kept', 'ResourcesApplied')).toMatchObject({ status: 'True' }),
    );
    const { address, addressable, addresses } = await place.status('kept');
    const before = await place.versions(['Deployment', 'Service']);
    await place.apply(sdep('kept', { graph: strayGraph }));
    await place.until(async () => {
      const status = await place.status('kept');
      expect(status.observedGeneration).toBe(2);
      expect(status).toMatchObject({ address, addressable, addresses, state: 'Failed' });
      expect(status.deploymentStatus).toHaveProperty(deploymentName('kept'));
    });
    expect(await place.versions(['Deployment', 'Service'])).toEqual(before);
  });

  test('a missing Secret and a missing key are named before pods fail on them', async () => {
    const place = await placeFor(kube);
    await place.start();
    const secretKeyRef = { name: 'kafka-user', key: 'password' };
    const env = [...kafkaEnv, { name: 'KAFKA_SASL_PASSWORD', valueFrom: { secretKeyRef } }];
    await place.apply(sdep('waits', { serverType: 'kafka', env }));
    const reasonIs = (reason: string, word: string) =>
      place.until(async () => {
        const applied = await place.condition('waits', 'ResourcesApplied');
        expect(applied).toMatchObject({ status: 'False', reason });
        expect(applied?.message).toContain(word);
      });
    await reasonIs('SecretMissing', 'kafka-user');
    expect(await place.list('Deployment')).toEqual([]);
    expect((await place.status('waits')).address?.url).toContain('waits-main');
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'kafka-user' } };
    await place.apply(secret);
    await reasonIs('SecretKeyMissing', '"password"');
    await place.apply({ ...secret, data: { password: 'c2VjcmV0' } });
    await place.until(async () =>
      expect(await place.get('Deployment', deploymentName('waits'))).toBeDefined(),
    );
  });

  test("somebody else's object of the same name is left alone, and told", async () => {
    const place = await placeFor(kube);
    await place.start();
    const spec = { ports: [{ port: 1 }] };
    const metadata = { name: 'mine-main' };
    const theirs = await place.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec });
    await place.apply(sdep('mine'));
    await place.until(async () => {
      const applied = await place.condition('mine', 'ResourcesApplied');
      expect(applied).toMatchObject({ status: 'False', reason: 'NameTaken' });
      expect(applied?.message).toContain('Service mine-main');
    });
    expect((await place.get('Service', 'mine-main'))?.metadata.resourceVersion).toBe(
      theirs.metadata.resourceVersion,
    );
    await place.remove('Service', 'mine-main');
    await place.until(async () =>
      expect(await place.condition('mine', 'ResourcesApplied')).toMatchObject({ status: 'True' }),
    );
  });

  test('what the API server refuses is told in its own words', async () => {
    const place = await placeFor(kube);
    await place.start();
    await place.apply(sdep('refused', { image: '' }));
    await place.until(async () => {
      const conditions = (await place.status('refused')).conditions ?? [];
      const told = conditions.filter(({ status }) => status === 'False');
      expect(told.map(({ message }) => message).join()).toContain('image');
    });
    expect(await place.list('Deployment')).toEqual([]);
  });

  test('invalid resources of every kind: each is told, none stops the others', async () => {
    const place = await placeFor(kube);
    const controller = await place.start();
    const cases = refusals.map(({ of = 'iris.yaml', change }, i) => ({
      name: `case-${i}`,
      manifest: changed(fixture(of), change),
    }));
    for (const { name, manifest } of cases) await place.apply(placed(name, manifest));
    await place.apply(sdep('valid'));
    await place.until(async () => {
      expect(await place.condition('valid', 'ResourcesApplied')).toMatchObject({ status: 'True' });
      const sdeps = await place.list('SeldonDeployment');
      const silent = sdeps.filter(({ status }) => {
        const { conditions = [] } = (status ?? {}) as { conditions?: { status: string }[] };
        return conditions.length === 0;
      });
      expect(silent.map(({ metadata }) => metadata.name)).toEqual([]);
    });
    expect(controller.complaints()).toEqual([]);
  });
});
