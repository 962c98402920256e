/**
 * The messages of a graph over gRPC. Only where a router's index or AVERAGE_COMBINER's numbers are
 * read is a message decoded; elsewhere fields are found, and their bytes handed on.
 */

import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs';
import { AdapterError } from '../../errors.ts';
import { asBuffer } from '../../event/utf8.ts';
import type { ProtocolName } from '../../inference/protocol.ts';
import { bytesOf, jsonOf } from '../../inference/seldon/message-json.ts';
import { average, simpleAnswer } from '../built-in.ts';
import type { MessageForm } from '../form.ts';
import { type Message, protobufType, type Unit, whereOf } from '../message.ts';
import { emptyMeta } from '../meta.ts';
import { indexInData } from '../route.ts';
import { type RequestTo, tensorflowRequestTo, v2RequestTo } from './chain.ts';
import { readProtobufMeta, writeProtobufMeta } from './meta.ts';

const requestTo: Readonly<Record<ProtocolName, RequestTo>> = {
  seldon: (_to, message) => message,
  tensorflow: tensorflowRequestTo,
  v2: v2RequestTo,
};

export const protobufForm = (protocol: ProtocolName): MessageForm => ({
  // Only Seldon's own messages have a meta.
  readMeta: protocol === 'seldon' ? readProtobufMeta : () => emptyMeta,
  writeMeta: protocol === 'seldon' ? writeProtobufMeta : (body) => body,
  requestTo: requestTo[protocol],
  indexIn: (body) => {
    try {
      return indexInData(jsonOf('SeldonMessage', body));
    } catch {
      return undefined;
    }
  },
  listOf,
  simpleAnswer: protobufOf(simpleAnswer),
  average: averageOf,
});

/** SeldonMessageList { repeated SeldonMessage seldonMessages = 1 }. */
function listOf(messages: readonly Message[]): Message {
  const writer = protobuf.Writer.create();
  for (const { body } of messages) writer.uint32((1 << 3) | 2).bytes(body);
  return {
    body: writer.finish(),
    contentType: messages[0]?.contentType ?? protobufType,
    contentEncoding: undefined,
  };
}

function averageOf(unit: Unit, messages: readonly Message[]): Message {
  try {
    const texts = messages.map((message) => ({ ...message, body: jsonBody(message) }));
    return protobufOf(average(unit, texts));
  } catch (thrown) {
    if (thrown instanceof AdapterError) throw thrown;
    throw new AdapterError(
      'PREDICTOR_ANSWER_UNUSABLE',
      `AVERAGE_COMBINER ${whereOf(unit.node)}: an answer of its children is no SeldonMessage; look at their logs`,
      { cause: thrown },
    );
  }
}

const jsonBody = ({ body }: Message): Uint8Array =>
  Buffer.from(JSON.stringify(jsonOf('SeldonMessage', body)));

function protobufOf({ body }: Message): Message {
  const json: unknown = JSON.parse(asBuffer(body).toString('utf8'));
  return {
    body: bytesOf('SeldonMessage', json),
    contentType: protobufType,
    contentEncoding: undefined,
  };
}
