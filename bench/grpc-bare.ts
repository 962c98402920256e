/** The least that node:http2 can do: a stream in, a stream out. argv: host:port. */

import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { callHeaders } from './grpc-message.ts';

const predictor = connect(`http://${process.argv[2]}`);
const server = createServer();
const joined = (chunks: Buffer[]): Buffer =>
  chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
server.on('stream', (stream, headers) => {
  const message: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => message.push(chunk));
  stream.on('error', () => undefined);
  stream.on('end', () => {
    const path = String(headers[':path']);
    const call = predictor.request({ ...callHeaders, ':method': 'POST', ':path': path });
    const reply: Buffer[] = [];
    let status = '';
    call.on('data', (chunk: Buffer) => reply.push(chunk));
    call.on('trailers', (trailers) => {
      status = String(trailers['grpc-status']);
    });
    call.on('end', () => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(joined(reply));
    });
    call.end(joined(message));
  });
});
process.on('SIGTERM', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ url: `grpc://127.0.0.1:${port}` }));
});
