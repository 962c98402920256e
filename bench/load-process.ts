/** The load generator's process, from the side of the benchmark. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadReport, LoadResult } from './load.ts';

export interface LoadProcess {
  readonly run: (plan: LoadPlan) => Promise<LoadResult>;
  readonly stop: () => void;
}

/** @param script compiled, beside this one */
export function startLoadProcess(script = './load.js'): LoadProcess {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), { execArgv: [] });
  return {
    run: async (plan) => {
      child.send(plan);
      const [report] = (await once(child, 'message')) as [LoadReport];
      if ('error' in report) throw new Error(`the load broke off: ${report.error}`);
      return report;
    },
    stop: () => void child.kill(),
  };
}
