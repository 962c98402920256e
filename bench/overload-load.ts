/**
 * An open-loop HTTP load, forked as a process of its own: requests come at their times whether or
 * not earlier ones were answered, each over a kept-alive connection that is free, or a new one.
 */

import { Agent, request } from 'undici';
import { eventHeaders, payloads } from './payloads.ts';

export interface OverloadPlan {
  readonly url: string;
  readonly requests: number;
  readonly perSecond: number;
  /** How long an answer is waited for. */
  readonly patienceMs: number;
}

export interface OneAnswer {
  /** 0: none came in time, or the connection was lost. */
  readonly status: number;
  readonly sentAtMs: number;
  readonly tookMs: number;
  readonly retryAfter: string | undefined;
}

const agent = new Agent({ connections: null, pipelining: 1 });

async function one(url: string, n: number, patienceMs: number, from: number): Promise<OneAnswer> {
  const started = performance.now();
  const end = (status: number, retryAfter?: string): OneAnswer => ({
    status,
    sentAtMs: started - from,
    tookMs: performance.now() - started,
    retryAfter,
  });
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { ...eventHeaders, 'Ce-Id': `overload-${n}` },
      body: payloads.iris,
      dispatcher: agent,
      headersTimeout: patienceMs,
    });
    await answer.body.dump();
    return end(answer.statusCode, answer.headers['retry-after']?.toString());
  } catch {
    return end(0);
  }
}

async function run({ url, requests, perSecond, patienceMs }: OverloadPlan): Promise<OneAnswer[]> {
  const from = performance.now();
  const answers: Promise<OneAnswer>[] = [];
  while (answers.length < requests) {
    const due = Math.min(requests, ((performance.now() - from) * perSecond) / 1_000);
    while (answers.length < due) answers.push(one(url, answers.length, patienceMs, from));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(answers);
}

process.on('message', (plan: OverloadPlan) => {
  void run(plan).then((answers) => process.send?.(answers));
});
process.on('disconnect', () => process.exit());
