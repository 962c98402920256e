/**
 * The kubectl and helm commands of our documents, by the programs themselves, against a real API
 * server. Nothing runs pods here: cluster-programs.ts says what that means for each verb, and
 * test/cluster does the same walk-throughs with what runs.
 */

import { join } from 'node:path';
import { describe, test } from 'vitest';
import { ProgramMissingError } from '../../../src/demo/kafka-install.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { foreignCrds, readYaml } from '../../support/config-dir.ts';
import { type Block, documents, repository } from '../../support/documents/blocks.ts';
import { chosenBlocks } from '../../support/documents/choose.ts';
import { clusterPrograms } from '../../support/documents/cluster-programs.ts';
import { follow } from '../../support/documents/follow.ts';
import { presumedFiles } from '../../support/documents/presumed.ts';
import { beginSession } from '../../support/documents/session.ts';
import { createKubeClient } from '../../support/kube-client.ts';
import { type KubeCluster, startKubeCluster } from '../../support/kube-cluster.ts';
import { kubePrograms } from '../../support/kube-server.ts';
import { installKubectl } from '../../support/kubectl.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const programs = await kubePrograms();
const kubectl = await installKubectl(say, process.env['XDG_CACHE_HOME']).catch((error: unknown) => {
  if (!(error instanceof ProgramMissingError) || process.env['CI'] === 'true') throw error;
  say(`skipped: ${error.message}`);
  return undefined;
});

const install = 'kubectl apply -k config/';
/** In place of the pods that this asks for. */
const controller = 'POD_NAMESPACE=seldon-eventing-system exec node dist/main.js controller';

interface Part {
  readonly document: string;
  readonly blocks: readonly Block[];
  /** Has been done in the cluster before. */
  readonly after: string;
}

/** A document's blocks, divided where one wants a cluster of its own. */
function partsOf(document: string): readonly Part[] {
  const blocks = chosenBlocks(document, ['kubectl']);
  const installs = blocks.some(({ text }) => /apply -k config\/$|helm install/m.test(text));
  const parts: { document: string; blocks: Block[]; after: string }[] = [];
  for (const block of blocks) {
    const marker = block.marker?.kind === 'kubectl' ? block.marker : undefined;
    if (marker?.inNewCluster || parts.length === 0) {
      parts.push({ document, blocks: [], after: marker?.after ?? (installs ? '' : install) });
    }
    parts.at(-1)?.blocks.push(block);
  }
  return parts;
}

/** With what the documents take for granted beside us: kinds of others, and their namespaces. */
async function prepare(cluster: KubeCluster): Promise<void> {
  const admin = await createKubeClient(cluster.kubeconfig);
  try {
    const crds = foreignCrds.filter(({ name }) => name !== 'seldon-core-v1.yaml');
    await applyCrds(
      admin,
      crds.map(({ manifest }) => manifest),
    );
    for (const manifest of readYaml(join(repository, 'test/fixtures/documents/presumed.yaml'))) {
      const { status, body } = await admin.apply(manifest);
      if (status >= 300) throw new Error(JSON.stringify(body));
    }
  } finally {
    admin.close();
  }
}

const parts = documents()
  .flatMap(partsOf)
  .map((part) => ({ ...part, line: part.blocks[0]?.line ?? 0 }));

describe.skipIf(programs === undefined || kubectl === undefined)('on Kubernetes', () => {
  test.each(parts)('$document from line $line on works as it is written', async (part) => {
    if (programs === undefined || kubectl === undefined) return;
    const cluster = await startKubeCluster({ programs });
    const session = await beginSession({
      isBuilt: true,
      files: presumedFiles(),
      environment: { KUBECONFIG: cluster.kubeconfig },
      programs: clusterPrograms(kubectl),
    });
    try {
      await prepare(cluster);
      const { exitCode, output } = await session.run(part.after);
      if (exitCode !== 0) throw new Error(`${part.after}:\n${output}`);
      if (part.after === install) await session.startUp(controller, '"msg":"leading');
      await follow(part.blocks, session);
    } finally {
      await session.close();
      await cluster.close();
    }
  });
});
