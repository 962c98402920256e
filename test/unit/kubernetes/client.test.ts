import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/kubernetes/client.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';
import {
  json,
  kubeconfigFor,
  refuse,
  sdepResource,
  useFakeApiServer,
} from '../../support/fake-api-server.ts';
import { createQuietLog } from './quiet-log.ts';
import { eventually, fastNow, fastSchedule, makeClient, sleep } from './reflector-rig.ts';

const server = useFakeApiServer();
let client: KubernetesClient;
beforeEach(() => {
  client = makeClient(server).client;
});

const { apiVersion, kind } = sdepResource;
const ref = { apiVersion, kind, namespace: 'team-a', name: 'iris' };
const sdep = (more: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'iris', namespace: 'team-a' },
  ...more,
});
const objectPath = '/apis/machinelearning.seldon.io/v1/namespaces/team-a/seldondeployments/iris';

/** What the call rejected with. */
async function refusalOf(call: Promise<unknown>): Promise<KubernetesApiError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KubernetesApiError);
  return error as KubernetesApiError;
}

/** Answers writes with what was written. */
const echo = (): void => {
  server.answer = (request, response) => {
    if (request.method === 'GET') return false;
    json(response, 200, request.body === '' ? {} : sdep());
    return true;
  };
};

const last = () => server.requests.at(-1);

describe('requests', () => {
  it('get: the object, or undefined where there is none or no such kind', async () => {
    server.put('iris', { spec: { x: 1 } });
    expect(await client.get(ref)).toMatchObject({ metadata: { name: 'iris' }, spec: { x: 1 } });
    expect(await client.get({ ...ref, name: 'none' })).toBeUndefined();
    expect(
      await client.get({ ...ref, apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject' }),
    ).toBeUndefined();
  });

  it('apply: server-side, with all that was asked for in the query', async () => {
    echo();
    await client.apply(sdep({ status: {} }), {
      fieldManager: 'seldon-eventing',
      force: true,
      dryRun: true,
      subresource: 'status',
      fieldValidation: 'Strict',
    });
    expect(last()).toMatchObject({ method: 'PATCH', path: `${objectPath}/status` });
    expect(last()?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(Object.fromEntries(last()?.query ?? [])).toEqual({
      fieldManager: 'seldon-eventing',
      force: 'true',
      dryRun: 'All',
      fieldValidation: 'Strict',
    });
    await client.apply(sdep(), { fieldManager: 'm' });
    expect(Object.fromEntries(last()?.query ?? [])).toEqual({ fieldManager: 'm' });
    expect(JSON.parse(last()?.body ?? '')).toEqual(sdep());
  });

  it('create, replace, patch, remove: each to its own path', async () => {
    echo();
    await client.create(sdep());
    expect(last()).toMatchObject({ method: 'POST', path: objectPath.replace('/iris', '') });
    await client.replace(sdep());
    expect(last()).toMatchObject({ method: 'PUT', path: objectPath });
    await client.patchMerge(ref, { metadata: { labels: { a: null } } });
    expect(last()).toMatchObject({ method: 'PATCH', path: objectPath });
    expect(last()?.headers['content-type']).toBe('application/merge-patch+json');
    expect(
      await client.remove(ref, { propagation: 'Background', preconditions: { uid: 'u' } }),
    ).toBe(true);
    expect(last()).toMatchObject({ method: 'DELETE', path: objectPath });
    expect(JSON.parse(last()?.body ?? '')).toMatchObject({
      propagationPolicy: 'Background',
      preconditions: { uid: 'u' },
    });
  });

  it('remove: false where there is nothing, or no such kind', async () => {
    server.answer = (request, response) =>
      request.method === 'DELETE' &&
      refuse(response, 404, 'NotFound', { details: { name: 'iris' } });
    expect(await client.remove(ref)).toBe(false);
    expect(await client.remove({ ...ref, apiVersion: 'keda.sh/v1alpha1' })).toBe(false);
  });

  it('keeps connections, and says who it is', async () => {
    server.put('iris');
    for (let i = 0; i < 10; i += 1) await client.get(ref);
    // The pool opens a second one where a request comes before the first is known to be free.
    expect(server.connections()).toBeLessThanOrEqual(2);
    expect(last()?.headers).toMatchObject({
      authorization: 'Bearer a-secret-token',
      'user-agent': 'seldon-eventing',
    });
  });

  it.each(['', '.', '..', 'a/b', '../../secrets/x', 'a%2fb', 'a\\b'])(
    'a name that would lead elsewhere (%s) is refused, and nothing is sent',
    async (name) => {
      await client.get(ref);
      const before = server.requests.length;
      for (const bad of [
        { ...ref, name },
        { ...ref, namespace: name },
      ]) {
        expect((await refusalOf(client.get(bad))).reason).toBe('NameInvalid');
        expect((await refusalOf(client.remove(bad))).reason).toBe('NameInvalid');
      }
      expect(server.requests).toHaveLength(before);
    },
  );

  it('an object without the namespace that its kind needs is refused', async () => {
    const error = await refusalOf(
      client.apply({ apiVersion, kind, metadata: { name: 'iris' } }, { fieldManager: 'm' }),
    );
    expect(error.message).toContain('set metadata.namespace');
  });
});

describe('discovery', () => {
  it('is asked once, whoever asks and however many at once', async () => {
    const found = await Promise.all([1, 2, 3].map(() => client.discover(apiVersion, kind)));
    expect(found).toEqual([sdepResource, sdepResource, sdepResource]);
    await client.discover(apiVersion, kind);
    expect(server.requests).toHaveLength(1);
  });

  it('finds a kind that is installed later, without asking for it at every turn', async () => {
    const asked = server.requests;
    let installed = false;
    server.answer = (request, response) =>
      request.path === `/apis/${apiVersion}` && !installed && refuse(response, 404, 'NotFound');
    for (let i = 0; i < 20; i += 1) expect(await client.discover(apiVersion, kind)).toBeUndefined();
    expect(asked).toHaveLength(1);
    installed = true;
    await eventually(async () =>
      expect(await client.discover(apiVersion, kind)).toEqual(sdepResource),
    );
  });

  it('a kind that was removed is told as such, and found again when it is back', async () => {
    echo();
    await client.apply(sdep(), { fieldManager: 'm' });
    server.answer = (_request, response) => {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found\n');
      return true;
    };
    const error = await refusalOf(client.apply(sdep(), { fieldManager: 'm' }));
    expect([error.status, error.reason]).toEqual([404, 'KindUnknown']);
    expect(error.message).toContain('install its CRD');
    echo();
    await client.apply(sdep(), { fieldManager: 'm' });
  });

  it('a kind that nobody serves: what to install', async () => {
    const scaledObject = { ...sdep(), apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject' };
    const error = await refusalOf(client.apply(scaledObject, { fieldManager: 'm' }));
    expect(error.message).toBe(
      'cannot patch ScaledObject team-a/iris: the cluster serves no ScaledObject of keda.sh/v1alpha1: install its CRD',
    );
  });
});

describe('refusals', () => {
  it('403 names the verb, the resource, the namespace and the missing permission', async () => {
    await client.discover(apiVersion, kind);
    server.answer = (_request, response) =>
      refuse(response, 403, 'Forbidden', {
        message: 'User "x" cannot patch',
        details: { name: 'iris' },
      });
    const error = await refusalOf(
      client.apply(sdep(), { fieldManager: 'm', subresource: 'status' }),
    );
    expect(error.message).toBe(
      'cannot patch seldondeployments/status team-a/iris: Forbidden: User "x" cannot patch: if it is RBAC\'s, allow "patch" on "seldondeployments/status" of API group "machinelearning.seldon.io" in namespace team-a',
    );
    expect([error.status, error.reason]).toEqual([403, 'Forbidden']);
  });

  it('409 and 422 carry what the server found', async () => {
    await client.discover(apiVersion, kind);
    server.answer = (_request, response) =>
      refuse(response, 409, 'Conflict', {
        message: 'Apply failed with 1 conflict',
        details: {
          name: 'iris',
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "other"',
              field: '.status.address',
            },
          ],
        },
      });
    const error = await refusalOf(client.apply(sdep(), { fieldManager: 'm' }));
    expect(error.status).toBe(409);
    expect(error.causes).toEqual([
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "other"',
        field: '.status.address',
      },
    ]);
  });

  it.each([
    ['as a header', { retryAfter: '7' }],
    ['in the details', { details: { retryAfterSeconds: 7, name: 'iris' } }],
  ])('429 tells how long to wait, %s', async (_where, more) => {
    await client.discover(apiVersion, kind);
    server.answer = (_request, response) => refuse(response, 429, 'TooManyRequests', more);
    expect((await refusalOf(client.get(ref))).retryAfterMs).toBe(7_000);
  });

  it.each(['Fri, 31 Dec 1999 23:59:59 GMT', '-1', '99999999', 'soon'])(
    'a Retry-After that is of no use (%s) is left out',
    async (retryAfter) => {
      await client.discover(apiVersion, kind);
      server.answer = (_request, response) =>
        refuse(response, 503, 'ServiceUnavailable', { retryAfter });
      expect((await refusalOf(client.get(ref))).retryAfterMs).toBeUndefined();
    },
  );

  it('what is said about Secrets is not repeated', async () => {
    server.answer = (_request, response) =>
      refuse(response, 422, 'Invalid', {
        message: 'Secret "x" is invalid: data: hunter2',
        details: { name: 'x', causes: [{ reason: 'Invalid', message: 'hunter2' }] },
      });
    const error = await refusalOf(
      client.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'n', name: 'x' }),
    );
    expect(JSON.stringify([error.message, error.causes])).not.toContain('hunter2');
  });

  it("an answer that is no Status (a proxy's page) is not repeated, and is an error all the same", async () => {
    await client.discover(apiVersion, kind);
    server.answer = (_request, response) => {
      response.writeHead(502, { 'Content-Type': 'text/html' }).end('<html>secret-internals</html>');
      return true;
    };
    const error = await refusalOf(client.get(ref));
    expect([error.status, error.reason]).toEqual([502, 'HTTP 502']);
    expect(error.message).not.toContain('secret-internals');
  });

  it.each([
    '',
    '<html>',
    '[]',
    '{"items":[{}]}',
    '{"items":{},"metadata":{"resourceVersion":"1"}}',
    'null',
  ])('a 200 that is no list (%s) is an error', async (body) => {
    server.answer = (_request, response) => {
      response.end(body);
      return true;
    };
    expect((await refusalOf(client.list(sdepResource))).reason).toBe('AnswerUnusable');
    expect(
      (await refusalOf(client.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'x' })))
        .reason,
    ).toBe('AnswerUnusable');
  });

  it('an answer without end is given up at the limit', async () => {
    const limited = makeClient(server, { maxAnswerBytes: 100_000 }).client;
    let closed = false;
    server.answer = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', more).on('close', () => {
        closed = true;
      });
      more();
      return true;
    };
    expect((await refusalOf(limited.list(sdepResource))).reason).toBe('AnswerTooLarge');
    await eventually(() => expect(closed).toBe(true));
  });
});

describe('time and connections', () => {
  it('a server that never answers: a timeout, of the client or of the call', async () => {
    server.answer = () => true;
    expect((await refusalOf(client.list(sdepResource))).reason).toBe('Timeout');
    expect((await refusalOf(client.list(sdepResource, { timeoutMs: 100 }))).reason).toBe('Timeout');
  });

  it('an answer that stops halfway: a timeout too', async () => {
    server.answer = (_request, response) => {
      response.write('{"items":[');
      return true;
    };
    expect((await refusalOf(client.list(sdepResource, { timeoutMs: 500 }))).reason).toBe('Timeout');
  });

  it('a call that is called off, and a client that is closed, end at once', async () => {
    server.answer = () => true;
    const caller = new AbortController();
    const called = refusalOf(client.list(sdepResource, { signal: caller.signal }));
    const other = refusalOf(client.list(sdepResource));
    await eventually(() => expect(server.requests).toHaveLength(2));
    caller.abort();
    expect((await called).reason).toBe('Aborted');
    await client.close();
    expect((await other).reason).toBe('Aborted');
    expect((await refusalOf(client.list(sdepResource))).reason).toBe('Aborted');
    expect(
      (await refusalOf(client.list(sdepResource, { signal: AbortSignal.abort() }))).reason,
    ).toBe('Aborted');
    await eventually(() => expect(server.connections()).toBe(0));
  });

  it('a connection that was lost is made again, once, where twice is as good as once', async () => {
    server.put('iris');
    let cuts = 1;
    server.answer = (request, response) => {
      if (!request.path.endsWith('/iris') || cuts === 0) return false;
      cuts -= 1;
      response.socket?.destroy();
      return true;
    };
    expect(await client.get(ref)).toBeDefined();
    cuts = 5;
    expect((await refusalOf(client.get(ref))).reason).toBe('Unreachable');
    expect(cuts).toBe(3);
  });

  it('a creation is never sent twice', async () => {
    await client.discover(apiVersion, kind);
    server.answer = (_request, response) => {
      response.socket?.destroy();
      return true;
    };
    const before = server.requests.length;
    expect((await refusalOf(client.create(sdep()))).reason).toBe('Unreachable');
    expect(server.requests).toHaveLength(before + 1);
  });

  it('nobody there: told as unreachable, and found when it is back', async () => {
    server.put('iris');
    await server.stop();
    const error = await refusalOf(client.get(ref));
    expect([error.status, error.reason]).toEqual([0, 'Unreachable']);
    expect(error.message).toContain('ECONNREFUSED');
    await server.start();
    expect(await client.get(ref)).toBeDefined();
  });

  it('something else at the address: an error, and no hang', async () => {
    const tcp = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume().end('SSH-2.0-OpenSSH\r\n');
    });
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const { port } = tcp.address() as { readonly port: number };
    const kubeconfig = kubeconfigFor(`http://127.0.0.1:${port}`);
    expect(
      (await refusalOf(makeClient(server, { kubeconfig }).client.list(sdepResource))).reason,
    ).toBe('Unreachable');
    const tls = kubeconfigFor(`https://127.0.0.1:${port}`);
    expect(
      (await refusalOf(makeClient(server, { kubeconfig: tls }).client.list(sdepResource))).reason,
    ).toBe('Unreachable');
    await new Promise((resolve) => tcp.close(resolve));
  });
});

describe('credentials', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kube-client-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const tokens = () => server.requests.map(({ headers }) => headers['authorization']);

  it('a token file that was rotated is read again, at the latest when the old one is refused', async () => {
    server.put('iris');
    const file = join(folder, 'token');
    writeFileSync(file, 'old\n');
    const user = { tokenFile: file };
    const rotating = makeClient(server, { kubeconfig: kubeconfigFor(server.url, user) }).client;
    await rotating.get(ref);
    writeFileSync(file, 'new\n');
    server.answer = (request, response) =>
      request.headers['authorization'] !== 'Bearer new' && refuse(response, 401, 'Unauthorized');
    expect(await rotating.get(ref)).toBeDefined();
    expect(tokens()).toContain('Bearer old');
    expect(tokens().at(-1)).toBe('Bearer new');
  });

  it('credentials that stay refused: one more try, then an error that says so', async () => {
    server.answer = (_request, response) => refuse(response, 401, 'Unauthorized');
    const error = await refusalOf(client.list(sdepResource));
    expect(error.status).toBe(401);
    expect(server.requests).toHaveLength(2);
    expect(error.message).not.toContain('a-secret-token');
  });

  it('a plugin gives the token, is told how, and is not run for each request', async () => {
    server.put('iris');
    const runs = join(folder, 'runs');
    const script = `echo "$KUBERNETES_EXEC_INFO" >> ${runs}; echo '{"status":{"token":"from-plugin"}}'`;
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', script],
    };
    const config = kubeconfigFor(server.url, { exec });
    const plugged = makeClient(server, { kubeconfig: config }).client;
    await Promise.all([plugged.get(ref), plugged.get(ref), plugged.get(ref)]);
    expect(new Set(tokens())).toEqual(new Set(['Bearer from-plugin']));
    const { readFileSync } = await import('node:fs');
    const lines = readFileSync(runs, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false },
    });
  });

  it.each([
    ['fails', 'echo hunter2 >&2; exit 1'],
    ['prints no JSON', 'echo hunter2'],
  ])('a plugin that %s: named, its output not repeated', async (_what, script) => {
    const exec = { command: 'sh', args: ['-c', script] };
    const config = kubeconfigFor(server.url, { exec });
    const error = await refusalOf(makeClient(server, { kubeconfig: config }).client.get(ref));
    expect(error.reason).toBe('CredentialsUnavailable');
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain('hunter2');
    expect(error.message).toContain('"sh"');
  });

  it('a plugin that hangs: a timeout', async () => {
    const exec = { command: 'sleep', args: ['2'] };
    const config = kubeconfigFor(server.url, { exec });
    const hanging = makeClient(server, { kubeconfig: config, requestTimeoutMs: 1_000 }).client;
    expect((await refusalOf(hanging.list(sdepResource))).reason).toBe('Timeout');
  });

  it('a token is not sent over plain HTTP to another machine', async () => {
    const config = kubeconfigFor('http://192.0.2.1:8080');
    const error = await refusalOf(
      makeClient(server, { kubeconfig: config }).client.list(sdepResource),
    );
    expect(error.reason).toBe('CredentialsUnavailable');
    expect(error.message).not.toContain('a-secret-token');
  });

  const { log } = createQuietLog();
  const create = (options: Parameters<typeof createKubernetesClient>[0]) =>
    createKubernetesClient(options, { schedule: fastSchedule, now: fastNow, log });

  it.each([
    ['no YAML', '{"a: hunter2', 'not valid YAML'],
    ['no object', 'hunter2', 'not a kubeconfig'],
    ['no current context', '{}', 'no context ""'],
    [
      'an unknown cluster',
      JSON.stringify({
        contexts: [{ name: 'c', context: { cluster: 'gone', user: 'u' } }],
        'current-context': 'c',
      }),
      'cluster "gone"',
    ],
    ['no address', kubeconfigFor('hunter2'), 'not an http or https address'],
    [
      'a cluster without a server',
      JSON.stringify({ clusters: [{ name: 'x', cluster: {} }] }),
      'clusters[0].cluster.server is missing',
    ],
  ])(
    'a kubeconfig with %s is refused with what to do, quoting nothing',
    (_what, kubeconfig, expected) => {
      expect(() => create({ kubeconfig })).toThrow(expected);
      expect(() => create({ kubeconfig })).not.toThrow('hunter2');
    },
  );

  it('a kubeconfig that is not there, or a context that it has not, is told with what there is', () => {
    expect(() => create({ kubeconfigPath: join(folder, 'none') })).toThrow('ENOENT');
    expect(() => create({ kubeconfig: server.kubeconfig, context: 'other' })).toThrow(
      'choose one of fake',
    );
  });

  it('several files are one, the first of two entries counting, missing ones passed over', async () => {
    server.put('iris');
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const whole = JSON.parse(server.kubeconfig) as Record<string, unknown>;
    const users = [{ name: 'somebody', user: { token: 'first' } }];
    writeFileSync(one, JSON.stringify({ users, 'current-context': 'fake' }));
    writeFileSync(two, JSON.stringify({ ...whole, 'current-context': 'none' }));
    const merged = makeClient(server, {
      kubeconfig: undefined,
      kubeconfigPath: [join(folder, 'missing'), one, two].join(':'),
    }).client;
    expect(await merged.get(ref)).toBeDefined();
    expect(tokens().at(-1)).toBe('Bearer first');
    expect(merged.defaultNamespace).toBe('team-a');
  });
});

it('a watch ends with what its handler throws, and its connection is closed', async () => {
  server.put('a');
  const watching = client.watch(
    sdepResource,
    { resourceVersion: '0' },
    () => {
      throw new Error('a bug');
    },
    new AbortController().signal,
  );
  await expect(watching).rejects.toThrow('a bug');
  await eventually(() => expect(server.openWatches()).toEqual([]));
  await sleep(1);
});
