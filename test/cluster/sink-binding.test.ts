/**
 * Replies to a sink, by Knative's own controller of SinkBindings: it binds the Deployment that our
 * controller makes to the Broker. In a namespace of its own, with the manifests of knative/.
 */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { knativeDir } from '../support/config-dir.ts';
import { type DisplayedEvent, displayedEvents } from './support/displayed.ts';
import { type Answer, type LiveObject, useCluster } from './support/in-cluster.ts';
import { movedTo, setUpWalkThrough } from './support/moved.ts';
import { until } from './support/until.ts';

const access = inject('cluster');
const cluster = useCluster(access);

const namespace = 'bound';
const named = (apiVersion: string, kind: string, name: string): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});
const file = (name: string): string => join(knativeDir, `${name}.yaml`);
const binding = named('sources.knative.dev/v1', 'SinkBinding', 'iris-replies');
const brokerUrl = `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/default`;
const adapterUrl = `http://iris-deployment-default.${namespace}.svc.cluster.local:8000/`;
const adapters = `/apis/apps/v1/namespaces/${namespace}/deployments?labelSelector=seldon-deployment-contains-svcorch%3Dtrue`;

interface Deployment extends LiveObject {
  readonly metadata: LiveObject['metadata'] & { readonly generation?: number };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly name: string;
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

/** The one that our controller made. */
async function adapter(): Promise<Deployment> {
  const { body } = await cluster.admin.request<{ readonly items: readonly Deployment[] }>(
    'GET',
    adapters,
  );
  const [only, ...others] = body.items;
  if (only === undefined || others.length > 0) throw new Error(`${body.items.length} Deployments`);
  return only;
}

const variablesOf = ({ spec }: Deployment): Readonly<Record<string, string | undefined>> => {
  const engine = spec.template.spec.containers.find(
    ({ name }) => name === 'seldon-container-engine',
  );
  return Object.fromEntries((engine?.env ?? []).map(({ name, value }) => [name, value]));
};

const shown = async (id: string): Promise<readonly DisplayedEvent[]> =>
  displayedEvents(await cluster.logs(namespace, 'event-display')).filter(
    ({ attributes }) => attributes['causationid'] === id,
  );

const send = (url: string, id: string): Promise<Answer> =>
  cluster.post(
    url,
    {
      'Ce-Id': id,
      'Ce-Specversion': '1.0',
      'Ce-Type': 'seldon.iris-deployment.default.request',
      'Ce-Source': 'bound',
      'Content-Type': 'application/json',
    },
    '{"data":{"ndarray":[[1,2,3,4]]}}',
  );

/** Pods change when a binding comes or goes, and those that end answer as before. */
const answered = (status: number): Promise<{ readonly id: string; readonly answer: Answer }> =>
  until(`the adapter to answer ${status}`, async () => {
    const id = randomUUID();
    const answer = await send(adapterUrl, id);
    if (answer.status === status) return { id, answer };
    throw new Error(`${answer.status}: ${answer.body}`);
  });

describe.skipIf(access === undefined)('bound by a SinkBinding', () => {
  beforeAll(async () => {
    await setUpWalkThrough(cluster, namespace);
    const types = [
      'seldon.iris-deployment.default.response',
      `seldon.iris-deployment.${namespace}.response`,
    ] as const;
    await cluster.applyFile(file('event-display'), (manifest) =>
      JSON.parse(JSON.stringify(movedTo(namespace)(manifest)).replaceAll(...types)),
    );
    await cluster.becomes(named('eventing.knative.dev/v1', 'Trigger', 'event-display'), 'Ready');
    await cluster.becomes(named('apps/v1', 'Deployment', 'event-display'), 'Available');
    expect((await answered(200)).answer.headers['ce-type']).toContain('.response');
    await cluster.applyFile(file('sink-binding'), movedTo(namespace));
    await cluster.becomes(binding, 'Ready');
  });

  test("the adapter's container has the Broker's address and the overrides", async () => {
    expect((await cluster.get<LiveObject>(binding))?.status?.['sinkUri']).toBe(brokerUrl);
    const variables = variablesOf(await adapter());
    expect(variables['K_SINK']).toBe(brokerUrl);
    expect(JSON.parse(variables['K_CE_OVERRIDES'] ?? '')).toEqual({
      extensions: { team: 'iris' },
    });
  });

  test('who asks is answered 202, empty, and the reply reaches event-display through the Broker', async () => {
    const { id, answer } = await answered(202);
    expect(answer.body).toBe('');
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
    const [reply] = await until('the reply', async () => {
      const replies = await shown(id);
      return replies.length > 0 ? replies : undefined;
    });
    expect(reply?.attributes).toMatchObject({
      type: `seldon.iris-deployment.${namespace}.response`,
      source: 'seldon.iris-deployment',
      team: 'iris',
    });
    expect(JSON.parse(reply?.data ?? '')).toMatchObject({ data: { ndarray: [expect.any(Array)] } });
  });

  test('what the Broker itself delivers is replied to once, by the sink', async () => {
    const id = randomUUID();
    expect((await send(brokerUrl, id)).status).toBe(202);
    await until('the reply', async () => (await shown(id)).length > 0 || undefined);
    // Once the reply to a later one is there, a second reply would have been seen.
    const later = randomUUID();
    await send(brokerUrl, later);
    await until('the later reply', async () => (await shown(later)).length > 0 || undefined);
    expect((await shown(id)).length).toBe(1);
  });

  test('our controller and the binding leave each other in peace; without it all is as before', async () => {
    const { generation } = (await adapter()).metadata;
    const sdep = named('machinelearning.seldon.io/v1', 'SeldonDeployment', 'iris-deployment');
    const touch = { metadata: { annotations: { touched: randomUUID() } } };
    await cluster.admin.request(
      'PATCH',
      await cluster.admin.pathOf(sdep),
      touch,
      'application/merge-patch+json',
    );
    await answered(202);
    const after = await adapter();
    expect(variablesOf(after)['K_SINK']).toBe(brokerUrl);
    expect(after.metadata.generation).toBe(generation);

    await cluster.remove(binding);
    await until('the variables to go', async () =>
      variablesOf(await adapter())['K_SINK'] === undefined ? true : undefined,
    );
    const { id, answer } = await answered(200);
    expect(answer.headers['ce-causationid']).toBe(id);
  });
});
