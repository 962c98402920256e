/**
 * A closed-loop HTTP/1.1 load generator, forked as a process of its own: each connection sends its
 * next request when it has the whole answer to the last one. Raw sockets, so that it costs little
 * of the machine that it shares with what it measures.
 */

import { connect } from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export interface LoadPlan {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As latin1. */
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export type LoadReport = LoadResult | { readonly error: string };

/**
 * Each connection has ids of its own: events in flight at once with the same id would be duplicates,
 * which share one prediction.
 */
function requestBytes(plan: LoadPlan, connection: number): Buffer {
  const body = Buffer.from(plan.body, 'latin1');
  const lines = Object.entries(plan.headers).map(([name, value]) => {
    const own = /^ce-id$/i.test(name) ? value.slice(0, -4) + String(1_000 + connection) : value;
    return `${name}: ${own}\r\n`;
  });
  const start = `POST ${plan.path} HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\n`;
  const head = `${start}${lines.join('')}Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** The length of the answer that begins `bytes`; undefined while its head is not complete. */
function answerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`not a 200: ${bytes.toString()}`);
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`no content-length: ${head}`);
  return end + 4 + Number(length);
}

/** Sends one request after the other until `until`; resolves with how many were answered. */
function drive(
  plan: LoadPlan,
  request: Buffer,
  until: number,
  latencies: RecordableHistogram,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
    let answered = 0;
    let sentAt = 0;
    let answer: Buffer = Buffer.alloc(0);
    const send = (): void => {
      sentAt = performance.now();
      socket.write(request);
    };
    const take = (chunk: Buffer): void => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
      const length = answerLength(answer);
      if (length === undefined || answer.length < length) return;
      if (answer.length > length) throw new Error('there is more than one answer');
      answer = Buffer.alloc(0);
      const now = performance.now();
      latencies.record(Math.max(1, Math.round((now - sentAt) * 1_000)));
      answered += 1;
      if (now < until) send();
      else {
        socket.destroy();
        resolve(answered);
      }
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      try {
        take(chunk);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection')));
  });
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const latencies = createHistogram();
  const started = performance.now();
  const until = started + plan.seconds * 1_000;
  const counts = await Promise.all(
    Array.from({ length: plan.connections }, (_, connection) =>
      drive(plan, requestBytes(plan, connection), until, latencies),
    ),
  );
  return {
    requests: counts.reduce((sum, count) => sum + count, 0),
    seconds: (performance.now() - started) / 1_000,
    p50Ms: latencies.percentile(50) / 1_000,
    p99Ms: latencies.percentile(99) / 1_000,
  };
}

process.on('message', (plan: LoadPlan) => {
  const report = (answer: LoadReport) => process.send?.(answer);
  run(plan).then(report, (error: unknown) => report({ error: String(error) }));
});
process.on('disconnect', () => process.exit());
