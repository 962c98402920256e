/** seldon.protos.Feedback { request = 1; response = 2; float reward = 3; truth = 4 }. */

import { Buffer } from 'node:buffer';
import { type FeedbackForm, malformed, type Told } from '../feedback.ts';
import { protobufType } from '../message.ts';
import { entryOf, fieldsOf, floatOf, int32Of, messageIn } from './wire.ts';

export const protobufFeedback: FeedbackForm = {
  read: (body) => {
    try {
      return toldBy(body);
    } catch {
      throw malformed('feedback is no seldon.protos.Feedback; send the bytes of one');
    }
  },
  taken: {
    // SeldonMessage { Status status = 1 }, of which SUCCESS is the default.
    body: Buffer.from([0x0a, 0x00]),
    contentType: protobufType,
    contentEncoding: undefined,
  },
};

function toldBy(body: Uint8Array): Told {
  const fields = fieldsOf(body);
  const reward = fields.findLast(({ number }) => number === 3);
  // SeldonMessage { Meta meta = 2 { map<string, int32> routing = 3 } }
  const response = messageIn(fields, 2);
  const meta = response && messageIn(fieldsOf(response), 2);
  const routing: Record<string, number> = Object.create(null);
  for (const field of meta === undefined ? [] : fieldsOf(meta)) {
    if (field.number !== 3) continue;
    const { key, value } = entryOf(field);
    routing[key] = value === undefined ? 0 : int32Of(value);
  }
  return { reward: reward === undefined ? 0 : floatOf(reward), routing };
}
