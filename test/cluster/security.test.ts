/**
 * TLS and OIDC between Knative's data plane and the adapter, as docs/security.md has it.
 *
 * Knative's feature authentication-oidc is of the whole cluster, and would close the Broker to the
 * other files of this suite. So what its Trigger controller would write is written here into the
 * status of a Trigger; the token is asked for and sent by Knative's own broker-filter, which goes by
 * that status alone.
 */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../src/controller/render/manifest.ts';
import { createAuthority } from '../support/certificates.ts';
import { knativeDir, readYaml } from '../support/config-dir.ts';
import { mergePatch } from '../support/kube-client.ts';
import { clusterOf } from '../support/kube-config.ts';
import { applyAll } from './support/apply.ts';
import { type DisplayedEvent, displayedEvents } from './support/displayed.ts';
import { type InCluster, useCluster } from './support/in-cluster.ts';
import { postTls } from './support/post-tls.ts';
import { until } from './support/until.ts';

const access = inject('cluster');
const cluster: InCluster = useCluster(access);

const namespace = 'secure';
const brokerUrl = `http://broker-ingress.knative-eventing.svc.cluster.local/${namespace}/default`;
const flowers = '{"data":{"ndarray":[[1,2,3,4]]}}';
const authority = createAuthority('the authority of the cluster');
const caCerts = `${authority.certPem.trim()}\n`;
const accountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const urlOf = (sdep: string): string =>
  `https://${sdep}-default.${namespace}.svc.cluster.local:8000/api/v1.0/predictions`;

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const named = (apiVersion: string, kind: string, name: string): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});
const trigger = (name: string) => named('eventing.knative.dev/v1', 'Trigger', name);
const sdep = (name: string) => named('machinelearning.seldon.io/v1', 'SeldonDeployment', name);
const secret = (name: string, data: Readonly<Record<string, string>>): Manifest => ({
  ...named('v1', 'Secret', name),
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
});

/** With a user's editor: from one text to another, everywhere. */
const edited = (file: string, ...changes: readonly (readonly [string, string])[]): Manifest[] => {
  const text = JSON.stringify(readYaml<Manifest>(join(knativeDir, file)));
  const all = [['"namespace":"default"', `"namespace":"${namespace}"`] as const, ...changes];
  return JSON.parse(all.reduce((now, [before, after]) => now.replaceAll(before, after), text));
};

function certificateOf(name: string): Manifest {
  const hosts = [new URL(urlOf(name)).hostname];
  const { certPem, keyPem } = authority.issue({ name, hosts });
  return secret(`${name}-tls`, { 'tls.crt': certPem, 'tls.key': keyPem, 'ca.crt': caCerts });
}

/** The folder that every pod of a real cluster has: the API server's authority, and a token. */
async function withAccount(manifest: Manifest): Promise<Manifest> {
  const spec = structuredClone(manifest['spec']) as { predictors: Record<string, unknown>[] };
  const volumeMounts = [{ name: 'account', mountPath: accountPath }];
  const volumes = [{ name: 'account', secret: { secretName: 'account' } }];
  const containers = [{ name: 'classifier' }, { name: 'seldon-container-engine', volumeMounts }];
  for (const predictor of spec.predictors) {
    predictor['componentSpecs'] = [{ spec: { containers, volumes } }];
  }
  return { ...manifest, spec };
}

interface TokenRequest {
  readonly status?: { readonly token?: string };
}

/** As Knative asks for it, on behalf of a Trigger's account. */
async function tokenFor(audiences: readonly string[], account = 'default'): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
  const spec = { ...(audiences.length > 0 && { audiences }), expirationSeconds: 3_600 };
  return until(`a token of ${account}`, async () => {
    const { body } = await cluster.admin.request<TokenRequest>('POST', path, { ...request, spec });
    return body.status?.token;
  });
}

const shown = async (deployment: string): Promise<readonly DisplayedEvent[]> =>
  displayedEvents(await cluster.logs(namespace, deployment));

const shownWith = (deployment: string, attribute: string, id: string): Promise<DisplayedEvent> =>
  until(`${id} in ${deployment}`, async () =>
    (await shown(deployment)).find(({ attributes }) => attributes[attribute] === id),
  );

const eventHeaders = (id: string, type: string) => ({
  'Ce-Id': id,
  'Ce-Specversion': '1.0',
  'Ce-Type': type,
  'Ce-Source': 'security',
  'Content-Type': 'application/json',
});

/** As a sender that tries again, since all that is between may just have come up. */
const send = (id: string, type: string): Promise<true> =>
  until<true>('the Broker to take the event', async () => {
    const { status, body } = await cluster.post(brokerUrl, eventHeaders(id, type), flowers);
    if (status === 202) return true;
    throw new Error(`${status}: ${body}`);
  });

describe.skipIf(access === undefined)('over TLS, on Knative Eventing', () => {
  beforeAll(async () => {
    const { admin } = cluster;
    await applyAll(admin, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
    const { body: discovery } = await admin.request<{ readonly issuer: string }>(
      'GET',
      '/.well-known/openid-configuration',
    );
    const { caFile, caData } = clusterOf(cluster.kubeconfig);
    const ca = caFile ? await readFile(caFile, 'utf8') : atob(caData ?? '');
    const account = secret('account', { 'ca.crt': ca, token: await tokenFor([]) });
    const issuer = ['https://kubernetes.default.svc', discovery.issuer] as const;
    const accounts = [
      'system:serviceaccount:default:',
      `system:serviceaccount:${namespace}:`,
    ] as const;
    const types = ['seldon.iris-secure.default', `seldon.iris-secure.${namespace}`] as const;
    const [secure, toSecure] = edited('secure.yaml', issuer, accounts, types);
    const [open, toOpen] = edited('secure.yaml', types, ['iris-secure', 'iris-tls']);
    if (!secure || !toSecure || !open || !toOpen) throw new Error('secure.yaml has not both');
    for (const predictor of (open['spec'] as { predictors: { svcOrchSpec?: object }[] })
      .predictors) {
      delete predictor.svcOrchSpec;
    }
    const replies = [
      '"attributes":{"type":"seldon.iris-deployment.default.response","source":"seldon.iris-deployment"}',
      `"attributes":{"type":"seldon.iris-tls.${namespace}.response"}`,
    ] as const;
    await applyAll(admin, [
      ...[account, certificateOf('iris-secure'), certificateOf('iris-tls')],
      ...edited('dead-letters.yaml'),
      ...edited('broker.yaml'),
    ]);
    await cluster.becomes(named('eventing.knative.dev/v1', 'Broker', 'default'), 'Ready');
    await applyAll(admin, [await withAccount(secure), open, toSecure, toOpen]);
    await applyAll(admin, edited('event-display.yaml', replies));
    for (const name of ['iris-secure', 'iris-tls']) await cluster.becomes(sdep(name), 'Ready');
    for (const name of ['iris-secure', 'iris-tls', 'event-display']) {
      await cluster.becomes(trigger(name), 'Ready');
    }
    for (const name of ['event-display', 'dead-letters']) {
      await cluster.becomes(named('apps/v1', 'Deployment', name), 'Available');
    }
  });

  const subscriberOf = async (name: string) => (await cluster.get(trigger(name)))?.status;

  test('a Trigger takes URL, authority and audience from the status', async () => {
    expect(await subscriberOf('iris-tls')).toMatchObject({
      ...{ subscriberUri: urlOf('iris-tls'), subscriberCACerts: caCerts },
    });
    expect(await subscriberOf('iris-secure')).toMatchObject({
      subscriberUri: urlOf('iris-secure'),
      subscriberCACerts: caCerts,
      subscriberAudience: `machinelearning.seldon.io/seldondeployment/${namespace}/iris-secure`,
    });
  });

  test("Knative's data plane trusts the authority of the status, and the reply comes back", async () => {
    const id = randomUUID();
    const type = `seldon.iris-tls.${namespace}.request`;
    await send(id, type);
    const { attributes, data } = await shownWith('event-display', 'causationid', id);
    expect(attributes).toMatchObject({ type: `seldon.iris-tls.${namespace}.response` });
    expect(JSON.parse(data)).toMatchObject({ data: { ndarray: [expect.any(Array)] } });
  });

  const ask = (token: string | undefined) =>
    postTls({
      ...{ proxyUrl: cluster.proxyUrl, url: urlOf('iris-secure'), ca: authority.certPem },
      headers: {
        ...eventHeaders(randomUUID(), 'a question'),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body: flowers,
    });

  test("a token of the API server for the status' audience lets an event in", async () => {
    const status = await subscriberOf('iris-secure');
    const token = await tokenFor([String(status?.['subscriberAudience'])]);
    const answer = await ask(token);
    expect(answer.status, answer.body).toBe(200);
    expect(answer.headers['ce-type']).toBe(`seldon.iris-secure.${namespace}.response`);
  });

  test('none, and one for another audience, do not', async () => {
    for (const token of [undefined, await tokenFor([]), await tokenFor(['somebody else'])]) {
      const answer = await ask(token);
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'TOKEN_REFUSED' });
    }
  });

  test("Knative's data plane sends a token of the Trigger's account, which is let in", async () => {
    // Of a Broker that is not there, so that no controller writes its status too.
    const byHand = {
      ...trigger('by-hand'),
      spec: { broker: 'none', subscriber: { uri: urlOf('iris-secure') } },
    };
    await applyAll(cluster.admin, [byHand]);
    const taken = await subscriberOf('iris-secure');
    const status = {
      subscriberUri: taken?.['subscriberUri'],
      subscriberCACerts: taken?.['subscriberCACerts'],
      subscriberAudience: taken?.['subscriberAudience'],
      auth: { serviceAccountName: 'default' },
    };
    const path = await cluster.admin.pathOf(byHand);
    await cluster.admin.request('PATCH', `${path}/status`, { status }, mergePatch);
    const { uid } = (await cluster.get(byHand))?.metadata ?? {};
    const filterUrl = `http://broker-filter.knative-eventing.svc.cluster.local/triggers/${namespace}/by-hand/${uid}`;
    const id = randomUUID();
    // As it comes from the channel.
    const headers = { ...eventHeaders(id, 'x'), 'Ce-Knativebrokerttl': '255' };
    const answer = await until('the reply through broker-filter', async () => {
      const told = await cluster.post(filterUrl, headers, flowers);
      if (told.status >= 300) throw new Error(`${told.status}: ${told.body}`);
      return told;
    });
    expect(answer.headers['ce-type']).toBe(`seldon.iris-secure.${namespace}.response`);
    expect(answer.headers['ce-causationid']).toBe(id);
  });

  test('a Broker that sends no token has its events dead-lettered at once, with why', async () => {
    const id = randomUUID();
    const type = `seldon.iris-secure.${namespace}.request`;
    await send(id, type);
    const { attributes } = await shownWith('dead-letters', 'id', id);
    expect(attributes).toMatchObject({ knativeerrorcode: '401' });
    const told = Buffer.from(attributes['knativeerrordata'] ?? '', 'base64').toString('utf8');
    expect(told).toContain('"code":"TOKEN_REFUSED"');
  });
});
