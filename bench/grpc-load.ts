/**
 * A closed-loop gRPC load generator, forked as a process of its own: unary calls over one HTTP/2
 * connection, so many in flight, each made when the last one is answered.
 */

import { connect } from 'node:http2';
import { createHistogram } from 'node:perf_hooks';
import { framed } from './grpc-message.ts';
import type { LoadPlan, LoadReport, LoadResult } from './load.ts';

async function run(plan: LoadPlan): Promise<LoadResult> {
  const session = connect(`http://127.0.0.1:${plan.port}`);
  const request = framed(Buffer.from(plan.body, 'latin1'));
  const headers = { ...plan.headers, ':method': 'POST', ':path': plan.path };
  const latencies = createHistogram();
  const started = performance.now();
  const until = started + plan.seconds * 1_000;

  const call = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sentAt = performance.now();
      let told: unknown;
      let bytes = 0;
      const stream = session.request(headers);
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.on('trailers', (trailers) => {
        told = trailers['grpc-status'];
      });
      stream.on('error', reject);
      stream.on('close', () => {
        if (told !== '0' || bytes <= 5) return reject(new Error(`status ${told}, ${bytes} bytes`));
        latencies.record(Math.max(1, Math.round((performance.now() - sentAt) * 1_000)));
        resolve();
      });
      stream.end(request);
    });

  const drive = async (): Promise<number> => {
    let answered = 0;
    for (; performance.now() < until; answered += 1) await call();
    return answered;
  };
  try {
    const counts = await Promise.all(Array.from({ length: plan.connections }, drive));
    return {
      requests: counts.reduce((sum, count) => sum + count, 0),
      seconds: (performance.now() - started) / 1_000,
      p50Ms: latencies.percentile(50) / 1_000,
      p99Ms: latencies.percentile(99) / 1_000,
    };
  } finally {
    session.destroy();
  }
}

process.on('message', (plan: LoadPlan) => {
  const report = (answer: LoadReport) => process.send?.(answer);
  run(plan).then(report, (error) => report({ error: String(error) }));
});
