/** The cheapest predictor there can be: reads the request, answers the same bytes every time. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { prediction } from './payloads.ts';

const headers = {
  'Content-Type': 'application/json',
  'Content-Length': String(Buffer.byteLength(prediction)),
};

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, headers);
    response.end(prediction);
  });
});
// A benchmark's connections are never idle for long, but rounds have pauses between them.
server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
});
