/** One cluster for all files of this suite; see support/cluster.ts. */

import type { TestProject } from 'vitest/node';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { type ClusterAccess, startCluster } from './support/cluster.ts';
import { summaryOf } from './support/summary.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Undefined where Go, Java or Maven are missing, which is said. */
    cluster: ClusterAccess | undefined;
  }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const cluster = await startCluster(say);
    project.provide('cluster', cluster.access);
    return async () => {
      await cluster.close();
      say(summaryOf(cluster.access.artefacts));
    };
  } catch (error) {
    if (!(error instanceof ProgramMissingError) || process.env['CI'] === 'true') throw error;
    say(`skipped: ${error.message}`);
    project.provide('cluster', undefined);
    return () => Promise.resolve();
  }
}
