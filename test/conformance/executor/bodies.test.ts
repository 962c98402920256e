/** Bodies that end Seldon's executor, or that it changes, reach the predictor as they are. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { predictionPaths, protocolNames, send, useAdapter } from '../../support/adapter.ts';
import { recordedAnswer, useRecordingPredictor } from '../../support/recording-predictor.ts';

const predictor = useRecordingPredictor();

const odd: readonly (readonly [what: string, body: Buffer])[] = [
  ['a list', Buffer.from('[1,2]')],
  ['null', Buffer.from('null')],
  ['a number', Buffer.from('1e400')],
  ['half an object', Buffer.from('{"data":')],
  ['markup', Buffer.from('{"a":"<script>&"}')],
  ['the deepest nesting', Buffer.from('['.repeat(100_000))],
  ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
  ['blanks', Buffer.from(' \r\n')],
];

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter(() => ({ SELDON_PROTOCOL: protocol, PREDICTOR_URL: predictor.url }));
  const predict = (body: Buffer | undefined, headers = {}) =>
    send(`${adapter.url}${predictionPaths[protocol]}`, { headers, ...(body && { body }) });

  test.each(odd)('%s', async (_what, body) => {
    const answer = await predict(body, { 'content-type': 'application/json' });
    expect([answer.status, answer.text]).toEqual([200, recordedAnswer]);
    expect(predictor.calls[0]?.body.equals(body)).toBe(true);
  });

  test("markup in the model's answer comes back as it is, and is no page", async () => {
    predictor.answer = (_call, response) => void response.end('<b>&</b>');
    const answer = await predict(Buffer.from('{}'));
    expect(answer.text).toBe('<b>&</b>');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test('where the JSON of an answer with binary tensors ends is passed on', async () => {
    predictor.answer = (_call, response) =>
      void response.writeHead(200, { 'Inference-Header-Content-Length': '2' }).end('{}\0\0');
    const answer = await predict(Buffer.from('{}'), { 'inference-header-content-length': '2' });
    expect(answer.headers['inference-header-content-length']).toBe('2');
    expect(predictor.calls[0]?.headers['inference-header-content-length']).toBe('2');
  });

  test('none at all is refused in the shape of the protocol', async () => {
    const answer = await predict(undefined);
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json()).toMatchObject(
      protocol === 'seldon'
        ? { status: { code: 400, status: 'FAILURE', info: expect.any(String) } }
        : { error: expect.any(String) },
    );
    expect(predictor.calls).toEqual([]);
  });
});
