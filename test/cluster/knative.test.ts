/**
 * The walk-through of knative/README.md on Knative's own controllers and data plane, with the
 * manifests of knative/ and nothing else.
 */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { knativeDir } from '../support/config-dir.ts';
import { blocksOf } from '../support/documents/blocks.ts';
import { missingLines } from '../support/documents/shown.ts';
import { type DisplayedEvent, displayedEvents } from './support/displayed.ts';
import { type InCluster, useCluster } from './support/in-cluster.ts';
import { until } from './support/until.ts';

const access = inject('cluster');
const cluster: InCluster = useCluster(access);

const file = (name: string): string => join(knativeDir, name);
const brokerUrl = 'http://broker-ingress.knative-eventing.svc.cluster.local/default/default';
const flowers = '{"data":{"ndarray":[[1,2,3,4]]}}';

const named = (apiVersion: string, kind: string, name: string): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'default' },
});
const trigger = (name: string) => named('eventing.knative.dev/v1', 'Trigger', name);
const sdep = (name: string) => named('machinelearning.seldon.io/v1', 'SeldonDeployment', name);
const broker = named('eventing.knative.dev/v1', 'Broker', 'default');

interface Sent {
  readonly id: string;
  readonly type?: string;
  readonly body?: string;
}

/** The documented curl. @returns the status */
async function send({ id, type = requestType, body = flowers }: Sent): Promise<number> {
  const headers = {
    'Ce-Id': id,
    'Ce-specversion': '0.3',
    'Ce-Type': type,
    'Ce-Source': 'seldon.examples.streaming.curl',
    'Content-Type': 'application/json',
  };
  return (await cluster.post(brokerUrl, headers, body)).status;
}

const requests = 'seldon-eventing-sklearn-trigger';
const requestType = 'seldon.iris-deployment.default.request';

const shown = async (deployment: string): Promise<readonly DisplayedEvent[]> =>
  displayedEvents(await cluster.logs('default', deployment));

/** What event-display got in answer to an event. */
const answersTo = async (id: string): Promise<readonly DisplayedEvent[]> =>
  (await shown('event-display')).filter(({ attributes }) => attributes['causationid'] === id);

const deadLetterOf = (id: string): Promise<DisplayedEvent> =>
  until(`${id} among the dead letters`, async () =>
    (await shown('dead-letters')).find(({ attributes }) => attributes['id'] === id),
  );

const statusOf = async (manifest: Manifest): Promise<Readonly<Record<string, unknown>>> =>
  (await cluster.get(manifest))?.status ?? {};

/** Sets what the iris predictors of a SeldonDeployment do wrong; see src/demo/iris/faults.ts. */
async function switchPredictors(deployment: string, switches: object): Promise<void> {
  for (const url of await predictorsOf(deployment)) {
    const answer = await fetch(`${url}/switches`, {
      method: 'PUT',
      body: JSON.stringify(switches),
    });
    expect(answer.status).toBeLessThan(300);
  }
}

/** How many predictions its predictors were asked for. */
async function predictions(deployment: string): Promise<number> {
  let sum = 0;
  for (const url of await predictorsOf(deployment)) {
    const counters = (await (await fetch(`${url}/counters`)).json()) as { predictions: number };
    sum += counters.predictions;
  }
  return sum;
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly podIP?: string };
  }[];
}

async function predictorsOf(deployment: string): Promise<readonly string[]> {
  const { body } = await cluster.admin.request<Pods>('GET', '/api/v1/namespaces/default/pods');
  const pods = body.items.filter(({ metadata }) => metadata.name.startsWith(`${deployment}-`));
  return pods.flatMap(({ status }) => (status?.podIP ? [`http://${status.podIP}:9000`] : []));
}

const answerTo = (id: string): Promise<DisplayedEvent> =>
  until(`event-display to show the answer to ${id}`, async () => (await answersTo(id))[0]);

describe.skipIf(access === undefined)('on Knative Eventing', () => {
  beforeAll(async () => {
    for (const name of ['dead-letters', 'broker']) await cluster.applyFile(file(`${name}.yaml`));
    await cluster.becomes(broker, 'Ready');
    for (const name of ['seldon-deployment', 'trigger', 'event-display']) {
      await cluster.applyFile(file(`${name}.yaml`));
    }
    await cluster.becomes(sdep('iris-deployment'), 'Ready');
    for (const name of [requests, 'event-display']) await cluster.becomes(trigger(name), 'Ready');
    await cluster.becomes(named('apps/v1', 'Deployment', 'event-display'), 'Available');
    await cluster.becomes(named('apps/v1', 'Deployment', 'dead-letters'), 'Available');
  });

  test("a Trigger's subscriber is the URL that the controller wrote", async () => {
    const live = await cluster.becomes(trigger(requests), 'Ready');
    const url =
      'http://iris-deployment-default.default.svc.cluster.local:8000/api/v1.0/predictions';
    expect((await statusOf(sdep('iris-deployment')))['address']).toMatchObject({ url });
    expect(live.status).toMatchObject({ subscriberUri: url });
  });

  test('an event posted to the Broker is predicted, and its reply reaches event-display', async () => {
    const id = randomUUID();
    expect(await send({ id })).toBe(202);
    const { attributes, data } = await answerTo(id);
    expect(attributes).toMatchObject({
      specversion: '0.3',
      type: 'seldon.iris-deployment.default.response',
      source: 'seldon.iris-deployment',
      correlationid: id,
    });
    expect(JSON.parse(data)).toMatchObject({ data: { ndarray: [expect.any(Array)] } });
  });

  test("a predictor's 500 is tried again as the Broker says, then dead-lettered with why", async () => {
    const [id, poison] = [randomUUID(), randomUUID()];
    await switchPredictors('iris-deployment', { poison });
    const before = await predictions('iris-deployment');
    expect(
      await send({ id, body: flowers.replace('}}', `},"meta":{"tags":{"x":"${poison}"}}}`) }),
    ).toBe(202);
    const { attributes } = await deadLetterOf(id);
    expect(attributes).toMatchObject({
      type: requestType,
      source: 'seldon.examples.streaming.curl',
      knativeerrordest: expect.stringContaining('/api/v1.0/predictions'),
      knativeerrorcode: '502',
    });
    // The head of our problem document.
    const told = Buffer.from(attributes['knativeerrordata'] ?? '', 'base64').toString('utf8');
    expect(told).toContain('"code":"PREDICTOR_FAILED"');
    // One try, and three more.
    expect((await predictions('iris-deployment')) - before).toBe(4);
    expect(await answersTo(id)).toEqual([]);
    await switchPredictors('iris-deployment', {});
  });

  test('an event that the model refuses is not tried again', async () => {
    const [id, refuse] = [randomUUID(), randomUUID()];
    await switchPredictors('iris-deployment', { refuse });
    const before = await predictions('iris-deployment');
    await send({ id, body: `{"data":{"ndarray":[["${refuse}"]]}}` });
    expect((await deadLetterOf(id)).attributes).toMatchObject({ knativeerrorcode: '400' });
    expect((await predictions('iris-deployment')) - before).toBe(1);
    await switchPredictors('iris-deployment', {});
  });

  test('the walk-through shows what event-display and dead-letters print', async () => {
    await send({ id: '536808d3-88be-4077-9d7a-a3f162705f79' });
    const shownBlocks = blocksOf('knative/README.md').filter(
      ({ marker }) => marker?.kind === 'cluster-output',
    );
    expect(shownBlocks.length).toBe(2);
    await until('both to print it', async () => {
      const deployments = ['event-display', 'dead-letters'];
      const logs = await Promise.all(deployments.map((name) => cluster.logs('default', name)));
      const missing = shownBlocks.map(({ text }) => missingLines(text, logs.join('\n')));
      const found = missing.filter((lines) => lines !== undefined);
      if (found.length === 0) return true;
      throw new Error(`these lines are not there:\n${found.join('\n')}`);
    });
  });

  test('a Trigger without a filter does not send replies round and round', async () => {
    const [everything] = await cluster.applyFile(file('trigger-without-filter.yaml'));
    if (everything === undefined) throw new Error('there is no Trigger in it');
    await cluster.becomes(everything, 'Ready');
    const [first, last] = [randomUUID(), randomUUID()];
    await send({ id: first });
    await answerTo(first);
    // Once the reply to a later one is there, a round of the first one would have been seen.
    await send({ id: last });
    await answerTo(last);
    await cluster.remove(everything);
    const after = (await shown('event-display')).map(({ attributes }) => attributes);
    // Two Triggers ask for a request, so that it is answered twice: with the same id.
    const answers = after.filter(({ causationid }) => causationid === first);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    const ids = new Set(answers.map(({ id }) => id));
    expect(after.filter(({ causationid = '' }) => ids.has(causationid))).toEqual([]);
    expect(answers.length).toBeLessThanOrEqual(2);
  });

  test('a Trigger reaches the canary by ref.address', async () => {
    await cluster.applyFile(file('canary.yaml'));
    // As Knative ships its CRD, the API server would drop it without a word.
    const { spec } = (await cluster.get(trigger('iris-canary'))) ?? {};
    expect(JSON.stringify(spec)).toContain('"address":"canary"');
    await cluster.becomes(sdep('iris-canary'), 'Ready');
    const uri = 'http://iris-canary-canary.default.svc.cluster.local:8000/api/v1.0/predictions';
    await until('the Trigger to take the address', async () => {
      const { subscriberUri } = await statusOf(trigger('iris-canary'));
      return subscriberUri === uri ? true : undefined;
    });
    expect(await send({ id: randomUUID(), type: 'seldon.iris-canary.default.canary' })).toBe(202);
    await until('the canary to predict', async () =>
      (await predictions('iris-canary-canary')) > 0 ? true : undefined,
    );
    expect(await predictions('iris-canary-main')).toBe(0);
  });

  test('a Trigger whose URI is overridden reaches the model through an ingress', async () => {
    await cluster.applyFile(file('trigger-override-uri.yaml'));
    const uri =
      'http://istio-ingressgateway.istio-system/seldon/default/iris-deployment/api/v1.0/predictions';
    await until('the Trigger to take the URI', async () => {
      const { subscriberUri } = await statusOf(trigger(requests));
      return subscriberUri === uri ? true : undefined;
    });
    await cluster.becomes(trigger(requests), 'Ready');
    const id = randomUUID();
    await send({ id });
    await answerTo(id);
    await cluster.applyFile(file('trigger.yaml'));
  });
});
