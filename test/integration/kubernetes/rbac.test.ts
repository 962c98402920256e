import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { configDir } from '../../support/config-dir.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { buildOwn, kustomizeBuild, kustomizeMissing } from '../../support/kustomize.ts';
import { placedIn } from '../../support/placed-in.ts';

const kube = await useKubeServer();
const missing = kube.missing || (await kustomizeMissing());

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const looking = ['get', 'list', 'watch'];
const making = [...looking, 'create', 'patch', 'delete'];

/** Verbs by resource; what is not to be allowed at all is named too. */
type Rights = Readonly<Record<string, readonly string[]>>;
const managed: Rights = {
  'machinelearning.seldon.io/seldondeployments': looking,
  'machinelearning.seldon.io/seldondeployments/status': ['patch'],
  'machinelearning.seldon.io/seldondeployments/finalizers': ['update'],
  'apps/deployments': making,
  '/services': making,
  'autoscaling/horizontalpodautoscalers': making,
  'keda.sh/scaledobjects': making,
  'keda.sh/triggerauthentications': making,
  '/secrets': ['get'],
  '/configmaps': ['get'],
  'events.k8s.io/events': ['create', 'patch'],
  '/pods': [],
  '/pods/exec': [],
  '/namespaces': [],
  '/serviceaccounts': [],
  '/serviceaccounts/token': [],
  'coordination.k8s.io/leases': [],
  'rbac.authorization.k8s.io/rolebindings': [],
  'eventing.knative.dev/triggers': [],
  'eventing.knative.dev/brokers': [],
};
const attached: Rights = {
  ...managed,
  'apps/deployments': looking,
  '/services': looking,
  'autoscaling/horizontalpodautoscalers': [],
  '/secrets': [],
  '/configmaps': [],
};
const leases = 'coordination.k8s.io/leases';
const triggers = 'eventing.knative.dev/triggers';
const brokers = 'eventing.knative.dev/brokers';
/** A namespace that a SeldonDeployment may be in; the controller's is another. */
const elsewhere = 'elsewhere';

/** What `user` may do there, as the API server's own authorizer says. */
async function verbsOf(user: string, namespace: string, resource: string) {
  const [group, name, subresource] = resource.split('/');
  const allowed: string[] = [];
  for (const verb of verbs) {
    const { body } = await kube.admin.request<{ readonly status: { readonly allowed: boolean } }>(
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user,
          resourceAttributes: { namespace, verb, group, resource: name, subresource },
        },
      },
    );
    if (body.status.allowed) allowed.push(verb);
  }
  return allowed;
}

async function rightsOf(user: string, resources: readonly string[]): Promise<Rights> {
  const rights: Record<string, readonly string[]> = {};
  for (const resource of resources) rights[resource] = await verbsOf(user, elsewhere, resource);
  return rights;
}

/** @returns the service account that the roles of an installation are now bound to */
async function install(manifests: readonly Manifest[]) {
  const namespace = await kube.createNamespace();
  const roles = manifests.filter(({ apiVersion }) => apiVersion.startsWith('rbac.'));
  for (const role of placedIn(namespace, roles)) {
    expect((await kube.admin.apply(role)).status).toBe(201);
  }
  return { namespace, user: `system:serviceaccount:${namespace}:seldon-eventing-controller` };
}

describe.skipIf(missing)("the controller's service account", () => {
  const build = (name: string) => kustomizeBuild(join(configDir, name));
  // Compiles kustomize, so that no test waits for it.
  beforeAll(() => build('crd'), 600_000);

  // The authorizer learns of roles from a watch, so that each is asked for until it has.
  test.each([
    ['managed', '.', managed],
    ['attached', 'overlays/attached', attached],
    ['managed with TLS', 'overlays/tls', managed],
  ])('may do what %s mode needs, and nothing else', async (_mode, name, rights) => {
    const { user } = await install(await build(name));
    await expect.poll(() => rightsOf(user, Object.keys(rights)), wait).toEqual(rights);
  });

  test('may use Leases in its own namespace alone', async () => {
    const { user, namespace } = await install(await build('.'));
    const own = ['get', 'create', 'update', 'patch'];
    await expect.poll(() => verbsOf(user, namespace, leases), wait).toEqual(own);
    expect(await verbsOf(user, elsewhere, leases)).toEqual([]);
  });

  test('may touch Triggers where that was granted', async () => {
    const components = ['components/trigger-refresh'];
    const { user } = await install(await buildOwn({ resources: ['.'], components }));
    const granted = { ...managed, [triggers]: [...looking, 'patch'], [brokers]: ['get'] };
    await expect.poll(() => rightsOf(user, Object.keys(granted)), wait).toEqual(granted);
  });
});

const wait = { timeout: 30_000, interval: 200 };
