/** kcat, which is librdkafka: a client that shares no code with ours or with Java's. */

import { spawn, spawnSync } from 'node:child_process';

/** Whether kcat is missing; which package to install is printed. Throws instead with CI=true. */
export function kcatMissing(): boolean {
  if (spawnSync('kcat', ['-V']).status === 0) return false;
  const message = 'kcat is missing here: apt-get install kcat';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`skipped: ${message}\n`);
  return true;
}

/** Runs kcat to its end with this on its standard input; returns what it wrote. */
export function kcat(args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', args);
    const out: Buffer[] = [];
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`kcat ended with ${code}:\n${complaints}`));
    });
    child.stdin.end(input);
  });
}
