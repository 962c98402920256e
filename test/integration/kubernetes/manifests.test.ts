import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import {
  configDir,
  foreignCrds,
  knativeDir,
  ourCrd,
  readYaml,
  yamlFilesIn,
} from '../../support/config-dir.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { buildOwn, kustomizeBuild, kustomizeMissing } from '../../support/kustomize.ts';
import { placedIn } from '../../support/placed-in.ts';

const kube = await useKubeServer({
  prepare: ({ admin }) =>
    applyCrds(admin, [ourCrd(), ...foreignCrds.map(({ manifest }) => manifest)]),
});
const missing = kube.missing || (await kustomizeMissing());

interface Answer {
  readonly message?: string;
}

/** A server-side dry run of each: all that the API server checks, and nothing stays. */
async function expectTaken(manifests: readonly Manifest[]): Promise<void> {
  const placed = placedIn(await kube.createNamespace(), manifests);
  for (const manifest of placed) {
    const { status, body } = await kube.admin.apply<Answer>(manifest, { dryRun: true });
    const what = `${manifest.kind} ${manifest.metadata.name}`;
    expect([what, status < 300, body.message]).toEqual([what, true, undefined]);
  }
}

interface Template {
  readonly spec: {
    readonly containers: readonly {
      readonly image: string;
      readonly env: readonly { readonly name: string; readonly value?: string }[];
    }[];
  };
}
function templateOf(manifests: readonly Manifest[]): Template {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('there is no Deployment');
  return (deployment['spec'] as { template: Template }).template;
}

const installations = ['.', 'overlays/attached', 'overlays/tls'];

describe.skipIf(missing)('what kustomize makes of config/', () => {
  const build = (name: string) => kustomizeBuild(join(configDir, name));
  // Compiles kustomize, so that no test waits for it.
  beforeAll(() => build('crd'), 600_000);

  test.each(installations)('%s: the API server takes all of it', async (name) => {
    await expectTaken(await build(name));
  });

  test('with all options: the API server takes all of it', async () => {
    const components = ['components/service-monitor', 'components/trigger-refresh'];
    const manifests = await buildOwn({ resources: ['.'], components });
    expect(manifests.map(({ kind }) => kind)).toContain('ServiceMonitor');
    await expectTaken(manifests);
  });

  test('with dashboard and alerts: a ConfigMap for a sidecar, and the rules', async () => {
    const components = ['grafana', 'components/alerts'];
    const manifests = await buildOwn({ resources: ['.'], components });
    const of = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
    const [dashboard] = of('ConfigMap').filter(({ metadata }) =>
      metadata.name.endsWith('dashboard'),
    );
    expect(dashboard?.metadata).toMatchObject({
      name: 'seldon-eventing-dashboard',
      namespace: 'seldon-eventing-system',
      labels: { grafana_dashboard: '1' },
    });
    expect(of('PrometheusRule').map(({ metadata }) => metadata.namespace)).toEqual([
      'seldon-eventing-system',
    ]);
  });

  test.each(installations)('%s: adapters get the image of the controller', async (name) => {
    const [container] = templateOf(await build(name)).spec.containers;
    expect(container?.image).toMatch(/^seldon-eventing:\d/);
    expect(container?.env).toContainEqual({ name: 'ADAPTER_IMAGE', value: container?.image });
  });

  test.each([
    ['.', 'managed'],
    ['overlays/attached', 'attached'],
    ['overlays/tls', 'managed'],
  ])('%s: the controller runs in %s mode', async (name, value) => {
    const [container] = templateOf(await build(name)).spec.containers;
    expect(container?.env).toContainEqual({ name: 'CONTROLLER_MODE', value });
  });

  test.each(installations)('%s: pods meet the standard of their namespace', async (name) => {
    const manifests = await build(name);
    const { labels = {} } = manifests.find(({ kind }) => kind === 'Namespace')?.metadata ?? {};
    const pods = `/api/v1/namespaces/${await kube.createNamespace(labels)}/pods?dryRun=All`;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'controller' } };
    const { spec } = templateOf(manifests);
    const taken = await kube.admin.request<Answer>('POST', pods, { ...pod, spec });
    expect([taken.status, taken.body.message]).toEqual([201, undefined]);
    const careless = { ...pod, spec: { containers: [{ name: 'x', image: 'x' }] } };
    const refused = await kube.admin.request<Answer>('POST', pods, careless);
    expect(refused.body.message).toContain('violates PodSecurity "restricted:latest"');
  });
});

const byHand = [...['examples', 'keda', 'kafka'].map((name) => join(configDir, name)), knativeDir]
  .filter((dir) => existsSync(dir))
  .flatMap(yamlFilesIn);

describe.skipIf(kube.missing || byHand.length === 0)('what is applied file by file', () => {
  test.each(byHand)('%s: the API server takes it', async (file) => {
    await expectTaken(readYaml(file));
  });
});
