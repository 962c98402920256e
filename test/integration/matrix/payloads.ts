/** What is sent: requests of each protocol, over each transport, that say which exchange they are of. */

import { Buffer } from 'node:buffer';
import type { ProtocolName } from '../../../src/inference/protocol.ts';

export type Transport = 'rest' | 'grpc';

export interface Payload {
  readonly contentType: string;
  /** Full name of the message, where it is a protobuf. */
  readonly protoName: string | undefined;
  readonly bytes: Buffer;
}

/** Full names of the messages of each protocol. */
export const messageNames = {
  seldon: { request: 'seldon.protos.SeldonMessage', reply: 'seldon.protos.SeldonMessage' },
  tensorflow: {
    request: 'tensorflow.serving.PredictRequest',
    reply: 'tensorflow.serving.PredictResponse',
  },
  v2: { request: 'inference.ModelInferRequest', reply: 'inference.ModelInferResponse' },
} as const;

/** A row of an iris' features as each protocol's JSON, with the mark where the protocol has room. */
const texts: Readonly<Record<ProtocolName, (mark: string) => string>> = {
  seldon: (mark) => `{"meta":{"puid":"${mark}"}, "data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}`,
  tensorflow: (mark) => `{"signature_name":"${mark}", "instances":[[5.1,3.5,1.4,0.2]]}`,
  v2: (mark) =>
    `{"id":"${mark}", "inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[5.1,3.5,1.4,0.2]}]}`,
};

/** One length-delimited field of at most 127 bytes. */
const field = (number: number, content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
};

const messages: Readonly<Record<ProtocolName, (mark: string) => Buffer>> = {
  // SeldonMessage { Meta meta = 2 { string puid = 1 } }
  seldon: (mark) => field(2, field(1, mark)),
  // PredictRequest { ModelSpec model_spec = 1 { string name = 1; string signature_name = 3 } }
  tensorflow: (mark) => field(1, Buffer.concat([field(1, 'iris'), field(3, mark)])),
  // ModelInferRequest { string model_name = 1; string id = 3 }
  v2: (mark) => Buffer.concat([field(1, 'iris'), field(3, mark)]),
};

/** An unknown field in a form that no encoder writes, and no UTF-8: only undecoded bytes keep it. */
const odd = Buffer.from([0xf8, 0x06, 0x81, 0x00, 0x7a, 0x02, 0xc3, 0x28]);

export function payloadOf(protocol: ProtocolName, transport: Transport, mark: string): Payload {
  return transport === 'rest'
    ? {
        contentType: 'application/json',
        protoName: undefined,
        bytes: Buffer.from(texts[protocol](mark)),
      }
    : {
        contentType: 'application/x-protobuf',
        protoName: messageNames[protocol].request,
        bytes: Buffer.concat([messages[protocol](mark), odd]),
      };
}

/** The mark of the exchange that a payload is of. */
export const markOf = (bytes: Buffer): string =>
  /mark-\d+/.exec(bytes.toString('latin1'))?.[0] ?? '';
