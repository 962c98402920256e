import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, jsonOf } from '../../../../src/inference/seldon/message-json.ts';

describe("Seldon's messages say the same in both forms", () => {
  test.each([
    {},
    {
      data: {
        names: ['a'],
        ndarray: [
          [1, 2.5, null],
          ['x', true, { k: [0] }],
        ],
      },
    },
    { data: { tensor: { shape: [1, 2], values: [0.1, -1e300] } } },
    { data: { tftensor: { dtype: 'DT_INT64', int64Val: ['9007199254740993'], intVal: [-1] } } },
    { jsonData: null },
    { jsonData: { a: [1, { b: null }] } },
    { strData: 'wörds 🙂' },
    { binData: 'AAH/' },
    { customData: { '@type': 'x/y.Z', value: 'AAE=' } },
    { status: { code: -1, info: 'i', reason: 'r', status: 'FAILURE' } },
    {
      meta: {
        puid: 'p',
        tags: { t: [1, null], n: null },
        routing: { r: -1 },
        requestPath: { m: 'image:1' },
        metrics: [{ key: 'k', type: 'GAUGE', value: 0.7, tags: { a: 'b' } }],
      },
    },
  ])('%j', (message) => {
    expect(jsonOf('SeldonMessage', bytesOf('SeldonMessage', message))).toEqual(message);
  });

  test('any JSON value, in a message and in feedback', () => {
    const value = fc.jsonValue({ depthSize: 'medium' }).filter((one) => !Object.is(one, -0));
    fc.assert(
      fc.property(value, fc.float({ noNaN: true }), (jsonData, reward) => {
        const feedback = { request: { jsonData }, reward };
        const read = jsonOf('Feedback', bytesOf('Feedback', feedback));
        expect(JSON.parse(JSON.stringify(read)).request).toEqual(
          JSON.parse(JSON.stringify({ jsonData })),
        );
        expect(Math.fround(Number(read['reward'] ?? 0))).toBe(reward + 0);
      }),
    );
  });

  test('what JSON has no numbers for is told by words', () => {
    const tensor = { values: ['NaN', 'Infinity', '-Infinity'] };
    const message = { data: { tensor } };
    expect(jsonOf('SeldonMessage', bytesOf('SeldonMessage', message))).toEqual(message);
  });

  test('names in the form of the layout are read too, and what is unknown is left out', () => {
    const bytes = bytesOf('SeldonMessage', { data: { tftensor: { int_val: [1] } }, odd: 1 });
    expect(jsonOf('SeldonMessage', bytes)).toEqual({ data: { tftensor: { intVal: [1] } } });
  });
});

describe('what is no such message is refused', () => {
  test.each([1, [], null, { data: 1 }, { data: { names: 'a' } }, { strData: 1 }, { meta: [] }])(
    '%j',
    (json) => expect(() => bytesOf('SeldonMessage', json)).toThrow(TypeError),
  );

  test.each([
    { reward: 'x' },
    { reward: {} },
    { request: { data: { ndarray: 1 } } },
    { request: { meta: { metrics: [{ type: 'ODD' }] } } },
    { request: { meta: { routing: [] } } },
  ])('%j', (json) => expect(() => bytesOf('Feedback', json)).toThrow(TypeError));

  test('any bytes: they are read, or an error says that they cannot be', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          JSON.stringify(jsonOf('Feedback', Buffer.from(bytes)));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });

  test('lists nested beyond all reason', () => {
    let inner = Buffer.alloc(0);
    for (let i = 0; i < 20_000; i += 1) {
      const length: number[] = [];
      for (let rest = inner.length; ; rest >>>= 7) {
        length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
        if (rest <= 0x7f) break;
      }
      inner = Buffer.concat([Buffer.from([0x0a + (i % 2) * 0x28, ...length]), inner]);
    }
    const bytes = Buffer.concat([Buffer.from([0x32, 0xff, 0xff, 0x7f]), inner]);
    expect(() => jsonOf('SeldonMessage', bytes)).toThrow(Error);
  });
});
