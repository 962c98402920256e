/**
 * Ask and wait, by Knative's own RequestReply: a POST to its address goes through the Broker to the
 * adapter, whose reply is the answer. In a namespace of its own, with the manifests of knative/.
 */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { knativeDir, readYaml } from '../support/config-dir.ts';
import { applyAll } from './support/apply.ts';
import { useCluster } from './support/in-cluster.ts';
import { installClusterPrograms } from './support/install.ts';
import { movedTo, setUpWalkThrough } from './support/moved.ts';
import { until } from './support/until.ts';

const access = inject('cluster');
const cluster = useCluster(access);

const namespace = 'asking';
const requestReply: Manifest = {
  apiVersion: 'eventing.knative.dev/v1alpha1',
  kind: 'RequestReply',
  metadata: { name: 'iris', namespace },
};

interface Keys {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Knative's data plane of it, as its module has it. The StatefulSet comes when its key is there: the
 * pod runner writes the files of a Secret once, where a kubelet would bring the key later.
 */
async function startDataPlane(): Promise<void> {
  const { knativeDir: module } = await installClusterPrograms(() => undefined);
  const core = join(module, 'config/core');
  const manifests = [
    ...readYaml(join(core, '200-request-reply-serviceaccount.yaml')),
    ...readYaml(join(core, 'deployments/request-reply.yaml')),
  ];
  const { admin } = cluster;
  const isStatefulSet = ({ kind }: Manifest): boolean => kind === 'StatefulSet';
  await applyAll(
    admin,
    manifests.filter((it) => !isStatefulSet(it)),
  );
  await cluster.applyFile(join(knativeDir, 'request-reply.yaml'), movedTo(namespace));
  const keys = '/api/v1/namespaces/knative-eventing/secrets/request-reply-keys';
  await until('the key of the RequestReply', async () => {
    const { body } = await admin.request<Keys>('GET', keys);
    return Object.keys(body.data ?? {}).some((key) => key.startsWith(`${namespace}.iris.`))
      ? true
      : undefined;
  });
  await applyAll(admin, manifests.filter(isStatefulSet));
}

describe.skipIf(access === undefined)('on Knative RequestReply', () => {
  test("a POST to its address is answered by the model's reply event", async () => {
    await setUpWalkThrough(cluster, namespace);
    await startDataPlane();
    const live = await cluster.becomes(requestReply, 'Ready');
    const { url = '' } = (live.status?.['address'] ?? {}) as { readonly url?: string };

    const id = randomUUID();
    const headers = {
      'ce-id': id,
      'ce-specversion': '1.0',
      'ce-type': 'seldon.iris-deployment.default.request',
      'ce-source': 'test',
      'content-type': 'application/json',
    };
    // Its StatefulSet has no readiness probe: it may not listen yet, which is told by no answer at all.
    const answer = await until('an answer of the RequestReply', () =>
      cluster.post(url, headers, '{"data":{"ndarray":[[1,2,3,4]]}}'),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'ce-type': `seldon.iris-deployment.${namespace}.response`,
      'ce-causationid': id,
      'ce-replyid': expect.stringMatching(new RegExp(`^${id}:`)),
    });
    expect(JSON.parse(answer.body)).toMatchObject({ data: { ndarray: [expect.any(Array)] } });
  });
});
