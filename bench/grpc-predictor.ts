/** The cheapest predictor over gRPC there can be: reads the message, answers the same one. */

import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { answer, framed } from './grpc-message.ts';

const reply = framed(answer);
const server = createServer();
server.on('stream', (stream) => {
  stream.resume();
  stream.on('error', () => undefined);
  stream.on('end', () => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(reply);
  });
});
process.on('SIGTERM', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `grpc://127.0.0.1:${port}` }));
});
