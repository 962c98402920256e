/** Triggers of the multi-tenant broker are touched when the address of their subscriber changes. */

import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { addressAnnotation } from '../../../src/controller/triggers.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { foreignCrds, ourCrd } from '../../support/config-dir.ts';
import { type Place, placeFor } from '../../support/controller-case.ts';
import { sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const knative = foreignCrds
  .filter(({ name }) => name === 'knative-eventing.yaml')
  .map((it) => it.manifest);
const kube = await useKubeServer({
  prepare: ({ admin }) => applyCrds(admin, [ourCrd(), ...knative]),
});

const apiVersion = 'eventing.knative.dev/v1';
const broker = (name: string, brokerClass: string): Manifest => ({
  apiVersion,
  kind: 'Broker',
  metadata: { name, annotations: { 'eventing.knative.dev/broker.class': brokerClass } },
  spec: {},
});
const trigger = (name: string, brokerName: string, subscriber: string): Manifest => ({
  apiVersion,
  kind: 'Trigger',
  metadata: { name },
  spec: {
    broker: brokerName,
    subscriber: {
      ref: {
        apiVersion: 'machinelearning.seldon.io/v1',
        kind: 'SeldonDeployment',
        name: subscriber,
      },
    },
  },
});
const annotationOf = async (place: Place, name: string): Promise<string | undefined> =>
  (await place.get('Trigger', name))?.metadata.annotations?.[addressAnnotation];

describe.skipIf(kube.missing)('Triggers', () => {
  test('are touched when their SeldonDeployment gets an address, and when it changes', async () => {
    const place = await placeFor(kube);
    await place.apply(broker('default', 'MTChannelBasedBroker'));
    await place.apply(trigger('ours', 'default', 'iris'));
    await place.start();
    await place.apply(sdep('iris'));
    const follows = (service: string) =>
      place.until(async () => {
        const { address } = await place.status('iris');
        expect(address?.url).toContain(service);
        expect(await annotationOf(place, 'ours')).toBe(address?.url);
      });
    await follows('iris-main');
    await place.apply(sdep('iris', { predictors: ['other'] }));
    await follows('iris-other');
  });

  test('of other brokers and other subscribers are left alone', async () => {
    const place = await placeFor(kube);
    await place.apply(broker('default', 'MTChannelBasedBroker'));
    await place.apply(broker('kafka', 'Kafka'));
    await place.apply(trigger('of-kafka', 'kafka', 'iris'));
    await place.apply(trigger('of-another', 'default', 'wine'));
    await place.apply(trigger('touched', 'default', 'iris'));
    await place.start();
    await place.apply(sdep('iris'));
    await place.until(async () => expect(await annotationOf(place, 'touched')).toBeDefined());
    expect(await annotationOf(place, 'of-kafka')).toBeUndefined();
    expect(await annotationOf(place, 'of-another')).toBeUndefined();
  });

  test('a change that nobody saw is made good at the next start; none is touched twice', async () => {
    const place = await placeFor(kube);
    const first = await place.start();
    await place.apply(sdep('iris'));
    await place.until(async () => expect((await place.status('iris')).address).toBeDefined());
    await first.stop();
    await place.apply(broker('default', 'MTChannelBasedBroker'));
    await place.apply(trigger('missed', 'default', 'iris'));
    const second = await place.start();
    await place.until(async () => expect(await annotationOf(place, 'missed')).toBeDefined());
    await second.stop();
    const before = (await place.get('Trigger', 'missed'))?.metadata.resourceVersion;
    await place.apply(trigger('witness', 'default', 'iris'));
    await place.start();
    await place.until(async () => expect(await annotationOf(place, 'witness')).toBeDefined());
    expect((await place.get('Trigger', 'missed'))?.metadata.resourceVersion).toBe(before);
  });
});
