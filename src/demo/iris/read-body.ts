/** Collects the body of a request, up to a limit. */

import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

/** The body, or undefined where it is larger than `maxBytes`; rejects where it breaks off. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      // The rest is read and thrown away, so that the sender gets to see the answer.
      else chunks.length = 0;
    });
    request.on('end', () => {
      if (size > maxBytes) resolve(undefined);
      else resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size));
    });
    request.on('error', reject);
  });
}

/** The JSON value in a body, or undefined where it is not JSON (which no JSON value is). */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
