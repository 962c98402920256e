import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDir, knativeDir, readYaml, yamlFilesIn } from '../../support/config-dir.ts';
import { renderResource } from '../controller/render/render-case.ts';

const dirs = [knativeDir, join(configDir, 'examples'), join(configDir, 'keda')];
const deployments = dirs
  .flatMap(yamlFilesIn)
  .flatMap((file) => readYaml(file))
  .filter(({ kind }) => kind === 'SeldonDeployment')
  .map((manifest) => [manifest.metadata.name, manifest] as const);

describe('the SeldonDeployments of the walk-throughs', () => {
  it('are there', () => {
    expect(deployments.length).toBeGreaterThanOrEqual(5);
  });

  it.each(deployments)('%s: the controller has nothing to say against it', (_name, manifest) => {
    const metadata = { ...manifest.metadata, uid: '5ee5-d0c5' };
    const { problems, warnings } = renderResource({ ...manifest, metadata });
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
  });
});
