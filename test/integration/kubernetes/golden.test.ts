/** The API server takes what we render as it is, and keeps it so: applied again, nothing changes. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { foreignCrds, readYaml, yamlFilesIn } from '../../support/config-dir.ts';
import { applyPatch } from '../../support/kube-client.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { renderResource } from '../../unit/controller/render/render-case.ts';

const kube = await useKubeServer({
  prepare: ({ admin }) =>
    applyCrds(
      admin,
      foreignCrds.map(({ manifest }) => manifest),
    ),
});

const testDir = fileURLToPath(new URL('../..', import.meta.url));
const resources = ['fixtures/sdep', 'unit/controller/render/golden/input']
  .flatMap((folder) => yamlFilesIn(join(testDir, folder)))
  .flatMap((file) => readYaml(file))
  .filter(({ kind }) => kind === 'SeldonDeployment');

/** Applies as the controller does, but strictly: an unknown or repeated field is refused. */
async function apply(manifest: Manifest): Promise<string> {
  const query = 'fieldManager=seldon-eventing&force=true&fieldValidation=Strict';
  const path = `${await kube.admin.pathOf(manifest)}?${query}`;
  const { status, body } = await kube.admin.request('PATCH', path, manifest, applyPatch);
  const what = `${manifest.kind} ${manifest.metadata.name}`;
  expect([what, status < 300, body['message']]).toEqual([what, true, undefined]);
  return body.metadata.resourceVersion;
}

describe.skipIf(kube.missing)('what is rendered', () => {
  test.each(resources.map((resource) => [resource.metadata.name, resource] as const))(
    'is valid to the last field, and stays as it is: %s',
    async (_, resource) => {
      const namespace = await kube.createNamespace();
      const metadata = { ...resource.metadata, namespace, uid: 'a-uid' };
      const { objects, problems } = renderResource({ ...resource, metadata });
      expect(problems).toEqual([]);
      expect(objects.length).toBeGreaterThan(1);
      const versions = [];
      for (const object of objects) versions.push(await apply(object));
      const again = [];
      for (const object of objects) again.push(await apply(object));
      expect(again).toEqual(versions);
    },
  );
});
