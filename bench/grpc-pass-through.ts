/** The least that a gRPC adapter made of grpc-js can do: its server, its client. argv: host:port. */

import { Client, credentials, Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { method } from './grpc-message.ts';

const asItIs = (bytes: Buffer): Buffer => bytes;
const client = new Client(process.argv[2] ?? '', credentials.createInsecure());
const server = new Server();
const definition = {
  path: method,
  requestStream: false,
  responseStream: false,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
};
server.addService(
  { predict: definition },
  {
    predict: ({ request }: { request: Buffer }, reply: sendUnaryData<Buffer>) => {
      const options = { deadline: Date.now() + 30_000 };
      client.makeUnaryRequest(method, asItIs, asItIs, request, options, reply);
    },
  },
);
process.on('SIGTERM', () => process.exit());
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(JSON.stringify({ url: `grpc://127.0.0.1:${port}` }));
});
