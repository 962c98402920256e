/** Over our gRPC server. A predictor over REST cannot be called from there: see docs/grpc.md. */

import { Buffer } from 'node:buffer';
import { connect } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import type { ProtocolName } from '../../../src/inference/protocol.ts';
import { protocolNames } from '../../support/adapter.ts';
import { payloadOf } from './payloads.ts';
import { wordsOf } from './stand-in.ts';
import type { Failed } from './told.ts';
import { answeredBy, payloadMissing, type Way } from './way.ts';

const methods: Readonly<Record<ProtocolName, string>> = {
  seldon: '/seldon.protos.Seldon/Predict',
  tensorflow: '/tensorflow.serving.PredictionService/Predict',
  v2: '/inference.GRPCInferenceService/ModelInfer',
};

/** The method that is called by a caller who takes us for another protocol's server. */
const foreignMethod = (protocol: ProtocolName): string =>
  methods[protocolNames.find((name) => name !== protocol) ?? protocol];

const overRest: Failed = {
  kind: 'failed',
  status: 'UNIMPLEMENTED',
  words: expect.stringContaining('is called over REST'),
};

export const grpc: Way = {
  name: 'gRPC',
  holds: false,
  reaches: (transport) => transport === 'grpc',
  // A call has exactly one message: https://grpc.io/docs/guides/status-codes/
  malformed: { ...payloadMissing, grpc: 'UNIMPLEMENTED', isGrpcsOwn: true },
  send: async ({ protocol, adapter, callGrpc }, { mark, flaw }) => {
    const { bytes } = payloadOf(protocol, 'grpc', mark);
    if (flaw === 'malformed') return sendHalf(adapter.grpcPort ?? 0, methods[protocol], bytes);
    const path = flaw === 'wrong kind' ? foreignMethod(protocol) : methods[protocol];
    const answer = await callGrpc(path, bytes, { metadata: { 'seldon-puid': mark } });
    if (answer.status === 'OK') {
      const [puid] = answer.metadata.get('seldon-puid');
      const none = { contentType: undefined, protoName: undefined, event: undefined };
      return { kind: 'answered', body: answer.message, puid, ...none };
    }
    const [code] = answer.trailers.get('seldon-error-code');
    const [fault] = answer.trailers.get('seldon-error-class');
    return { kind: 'failed', status: answer.status, code, fault, words: answer.details };
  },
  answered: (stand, mark) =>
    stand.transport === 'rest'
      ? overRest
      : { ...answeredBy(stand, mark), contentType: undefined, protoName: undefined },
  failed: ({ transport, protocol }, { code, fault, grpc: told, by, isGrpcsOwn }) => {
    const words = by === undefined ? expect.stringMatching(/./) : wordsOf(by);
    if (isGrpcsOwn) return { kind: 'failed', status: told, words };
    if (code === 'PAYLOAD_UNSUPPORTED') {
      // The method says what the payload is.
      const expected = expect.stringContaining(`not of the ${protocol} protocol`);
      return { kind: 'failed', status: told, words: expected };
    }
    return transport === 'rest' ? overRest : { kind: 'failed', status: told, code, fault, words };
  },
};

/** A call that ends in the middle of its message, as no gRPC library sends it. */
function sendHalf(port: number, path: string, message: Buffer): Promise<Failed> {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  const session = connect(`http://127.0.0.1:${port}`);
  return new Promise<Failed>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const told = (headers: Record<string, unknown>): void => {
      const code = headers['grpc-status'];
      if (code === undefined) return;
      const words = decodeURIComponent(String(headers['grpc-message']));
      resolve({ kind: 'failed', status: status[Number(code)] ?? String(code), words });
    };
    stream.on('response', told);
    stream.on('trailers', told);
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('the call was closed without a status')));
    stream.resume();
    stream.end(frame.subarray(0, 5 + Math.ceil(message.length / 2)));
  }).finally(() => session.close());
}
