import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AdapterError } from '../../../../src/errors.ts';
import { emptyMeta, newMetrics } from '../../../../src/graph/meta.ts';
import { protobufFeedback } from '../../../../src/graph/protobuf/feedback.ts';
import { protobufForm } from '../../../../src/graph/protobuf/form.ts';
import { readProtobufMeta, writeProtobufMeta } from '../../../../src/graph/protobuf/meta.ts';
import { protocolNames } from '../../../../src/inference/protocol.ts';
import { decodeSeldon, encodeSeldon } from '../../../support/seldon-protobuf.ts';

const meta = {
  puid: 'pü"id',
  tags: {
    list: { listValue: { values: [{ numberValue: 1 }, { nullValue: 'NULL_VALUE' }] } },
    none: {},
  },
  routing: { all: -1, none: -2, zero: 0, two: 2 },
  requestPath: { m: 'image:1', n: '' },
  metrics: [
    { key: 'm', type: 'GAUGE', value: 0.5, tags: { b: '2', a: '1' } },
    { key: 'n', value: -1e30 },
  ],
};

describe('meta of a protobuf', () => {
  test('is read and put back with all that is in it', () => {
    const message = encodeSeldon({ meta, strData: 'x', status: { code: 1 } });
    const read = readProtobufMeta(message);
    expect(read.puid).toBe(JSON.stringify(meta.puid));
    expect([...read.routing]).toEqual(Object.entries(meta.routing).map(([k, v]) => [k, String(v)]));
    const written = writeProtobufMeta(encodeSeldon({ strData: 'y', status: { code: 2 } }), read);
    expect(decodeSeldon(written)).toEqual({
      ...decodeSeldon(message),
      strData: 'y',
      status: { code: 2 },
    });
  });

  test('that stands in several pieces is one, as protobuf has it', () => {
    const pieces = [
      { puid: 'a', routing: { x: 1 } },
      { puid: 'b', routing: { y: 2 } },
    ];
    const message = Buffer.concat(pieces.map((piece) => encodeSeldon({ meta: piece })));
    const read = readProtobufMeta(message);
    expect(read.puid).toBe('"b"');
    expect([...read.routing.keys()]).toEqual(['x', 'y']);
    expect(decodeSeldon(writeProtobufMeta(message, read))).toEqual({
      meta: { puid: 'b', routing: { x: 1, y: 2 } },
    });
  });

  test('tells metrics that were handed on from new ones, however their tags are ordered', () => {
    const [first, second] = meta.metrics;
    const turned = { ...first, tags: { a: '1', b: '2' } };
    const sent = readProtobufMeta(encodeSeldon({ meta: { metrics: [first] } })).metrics;
    const answered = readProtobufMeta(
      encodeSeldon({ meta: { metrics: [turned, second] } }),
    ).metrics;
    expect(newMetrics(answered, sent)).toEqual(answered.slice(1));
  });

  test('is never read as JSON', () => {
    // A key of ten digits: its bytes, alone, would pass for a number behind white space.
    const metricsOf = (key: string) =>
      readProtobufMeta(encodeSeldon({ meta: { metrics: [{ key }] } })).metrics;
    expect(newMetrics(metricsOf('          1'), metricsOf('         1 '))).toHaveLength(1);
  });

  test('of bytes that are no message is empty, and they are left as they are', () => {
    const odd = Buffer.from('nonsense');
    expect(readProtobufMeta(odd)).toEqual(emptyMeta);
    expect(writeProtobufMeta(odd, { ...emptyMeta, puid: '"p"' })).toBe(odd);
  });
});

describe('whatever the bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    // Ever more of it passes for fields.
    fc
      .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 20 })))
      .map((fields) =>
        Buffer.concat(
          fields.map(([number, content]) =>
            Buffer.from([number * 8 + 2, content.length, ...content]),
          ),
        ),
      ),
  );
  const unit = { node: { name: 'n', endpoint: undefined } } as never;
  const node = { name: 'next' } as never;
  const from = { name: 'before', endpoint: undefined } as never;

  test.each(protocolNames)('nothing of the form of %s throws but our own error', (protocol) => {
    const form = protobufForm(protocol);
    const message = (body: Uint8Array) => ({
      body,
      contentType: undefined,
      contentEncoding: undefined,
    });
    const ours = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        expect(error).toBeInstanceOf(AdapterError);
        expect((error as AdapterError).code).not.toBe('INTERNAL');
      }
    };
    fc.assert(
      fc.property(bytes, (body) => {
        form.writeMeta(body, form.readMeta(body));
        form.indexIn(body);
        form.requestTo(node, message(body), undefined);
        form.listOf([message(body)]);
        ours(() => form.requestTo(node, message(body), from));
        ours(() => form.average(unit, [message(body), message(body)]));
        ours(() => protobufFeedback.read(body));
      }),
    );
  });
});
