/** Merged or alone: the same bytes, for a model that answers row by row (src/delivery/micro-batch.ts). */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeadlineCall } from '../../../src/delivery/call-within-deadline.ts';
import { createMicroBatch } from '../../../src/delivery/micro-batch.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import type { Codec } from '../../../src/demo/iris/protocols/codec.ts';
import { seldonCodec } from '../../../src/demo/iris/protocols/seldon.ts';
import { tensorflowCodec } from '../../../src/demo/iris/protocols/tensorflow.ts';
import { v2Codec } from '../../../src/demo/iris/protocols/v2.ts';
import { batchFormats } from '../../../src/inference/batch-formats.ts';
import type { ProtocolName } from '../../../src/inference/protocol.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const codecs: Readonly<Record<ProtocolName, Codec>> = {
  seldon: seldonCodec,
  tensorflow: tensorflowCodec,
  v2: v2Codec,
};

/** Numbers as people write them: 1, 1.0, 1e0, -0, 1.50. */
const number = fc.oneof(
  fc.integer({ min: -99, max: 99 }).map(String),
  fc.integer({ min: -99, max: 99 }).map((n) => `${n}.0`),
  fc.double({ min: -99, max: 99, noNaN: true }).map((n) => JSON.stringify(n)),
  fc.constantFrom('-0', '1.50', '1e1', '2E-1', '0.1e+1'),
);
/** Now and then a row that the model refuses. */
const row = fc.oneof(
  { weight: 20, arbitrary: fc.array(number, { minLength: 4, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(number, { minLength: 3, maxLength: 3 }) },
);
const rows = fc.array(row, { minLength: 1, maxLength: 3 });
const blank = fc.constantFrom('', ' ', '\n  ');
const nested = (list: string[][], gap: string): string =>
  `[${gap}${list.map((cells) => `[${cells.join(`,${gap}`)}]`).join(`${gap},`)}${gap}]`;
const tensor = (list: string[][], values: string): string =>
  `{"shape":[${list.length},${list[0]?.length}],"${values}":[${list.flat().join(',')}]}`;
const name = fc.string({ maxLength: 4 }).map((text) => JSON.stringify(text));

const requests: Readonly<Record<ProtocolName, fc.Arbitrary<string>>> = {
  seldon: fc.record({ rows, blank, puid: fc.option(name), flat: fc.boolean() }).map((of) => {
    const meta = of.puid === null ? '' : `,"meta":{"puid":${of.puid}}`;
    const data = of.flat
      ? `"tensor":${tensor(of.rows, 'values')}`
      : `"ndarray":${nested(of.rows, of.blank)}`;
    return `{"data":{${data}}${meta}}`;
  }),
  tensorflow: fc.record({ rows, blank, signature: fc.boolean() }).map((of) => {
    const signature = of.signature ? '"signature_name":"s",' : '';
    return `{${signature}"instances":${nested(of.rows, of.blank)}}`;
  }),
  v2: fc.record({ rows, id: fc.option(name), type: fc.constantFrom('FP32', 'FP64') }).map((of) => {
    const id = of.id === null ? '' : `"id":${of.id},`;
    const input = tensor(of.rows, 'data').replace('{', `{"name":"x","datatype":"${of.type}",`);
    return `{${id}"inputs":[${input}]}`;
  }),
};

describe.each(['seldon', 'tensorflow', 'v2'] as const)('%s requests', (protocol) => {
  const predict = (call: DeadlineCall): PredictionAnswer => {
    const request: unknown = JSON.parse(Buffer.from(call.body).toString());
    const answer = codecs[protocol].answerPrediction(request, 'iris');
    return {
      status: answer.status,
      contentType: 'application/json',
      contentEncoding: undefined,
      puid: call.headers[3],
      retryAfterMs: undefined,
      body: Buffer.from('body' in answer ? JSON.stringify(answer.body) : ''),
    };
  };

  it('are answered alike to the byte, merged or alone', async () => {
    let [asked, made] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(requests[protocol], { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 2, max: 8 }),
        async (bodies, maxRows) => {
          const clock = createFakeClock();
          const quiet = () => undefined;
          const run = createMicroBatch(
            { maxRows, maxWaitMs: 5, format: batchFormats[protocol] },
            {
              ...clock,
              call: async (call) => {
                made += 1;
                return predict(call);
              },
              log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
              merged: quiet,
            },
          );
          const calls = bodies.map((body, i) => ({
            path: '/predict',
            headers: ['content-type', 'application/json', 'seldon-puid', `p${i}`],
            body: Buffer.from(body),
            deadline: 10_000,
          }));
          asked += calls.length;
          const answers = Promise.all(calls.map(run));
          await clock.drain(100);
          const told = (answer: PredictionAnswer) => ({ ...answer, body: String(answer.body) });
          expect((await answers).map(told)).toEqual(calls.map(predict).map(told));
        },
      ),
      { numRuns: 300 },
    );
    // Else nothing was merged, and nothing was shown.
    expect(made).toBeLessThan(asked);
  });
});
