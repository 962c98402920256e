/**
 * The cheapest node there can be: transformers answer what they were sent, routers the first child,
 * everything else the same prediction.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { prediction } from './payloads.ts';

const answers: Readonly<Record<string, Buffer | undefined>> = {
  '/predict': Buffer.from(prediction),
  '/transform-output': Buffer.from(prediction),
  '/aggregate': Buffer.from(prediction),
  '/route': Buffer.from('{"data":{"ndarray":[[0]]},"meta":{}}'),
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = answers[request.url ?? ''] ?? Buffer.concat(chunks);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    response.writeHead(200, headers);
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});
