/** Requests of every protocol, merged and split again, as bytes (src/inference/batch-*.ts). */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchFormats } from '../../../src/inference/batch-formats.ts';
import {
  type Frame,
  idOf,
  mergeFrames,
  skeletonOf,
  splitFrame,
} from '../../../src/inference/batch-frame.ts';
import type { ProtocolName } from '../../../src/inference/protocol.ts';

const read = (protocol: ProtocolName, text: string) =>
  batchFormats[protocol].readRequest(Buffer.from(text));

/** What the request may be merged with; undefined: nothing. */
function kindOf(protocol: ProtocolName, text: string): string | undefined {
  const frame = read(protocol, text);
  return frame && skeletonOf(frame, batchFormats[protocol].kindOf);
}

const mergeable = (protocol: ProtocolName, a: string, b: string): boolean => {
  const [first, second] = [kindOf(protocol, a), kindOf(protocol, b)];
  return first !== undefined && first === second;
};

function merge(protocol: ProtocolName, ...texts: string[]): string {
  const frames = texts.map((text) => read(protocol, text));
  const [first, ...rest] = frames.filter((frame) => frame !== undefined);
  if (first === undefined || rest.length + 1 !== texts.length) throw new Error('goes alone');
  return mergeFrames([first, ...rest]).toString();
}

/** The parts of an answer for these requests; undefined where it cannot be told apart. */
function split(protocol: ProtocolName, answer: string, ...texts: string[]): string[] | undefined {
  const frames = texts.map((text) => read(protocol, text) as Frame);
  const [first] = frames;
  const rows = frames.reduce((sum, frame) => sum + frame.rows, 0);
  const frame = batchFormats[protocol].readAnswer(Buffer.from(answer), first as Frame, rows);
  if (frame === undefined) return undefined;
  const shares = frames.map((request, i) => ({
    rows: request.rows,
    id: idOf(request) ?? Buffer.from(`"puid-${i}"`),
  }));
  return splitFrame(frame, shares).map(String);
}

describe('seldon', () => {
  const one = '{"data":{"ndarray":[[1,2]]}}';
  const two = '{"data":{"ndarray":[[3,4],[5,6]]}}';

  it('joins the rows of ndarray, every number with the text that it had', () => {
    const huge = '{"data":{"ndarray":[[1.0,-0],[123456789012345678,1]]}}';
    const small = '{"data":{"ndarray":[[1e5,1.50]]}}';
    expect(merge('seldon', one, two)).toBe('{"data":{"ndarray":[[1,2],[3,4],[5,6]]}}');
    expect(merge('seldon', huge, small)).toBe(
      '{"data":{"ndarray":[[1.0,-0],[123456789012345678,1],[1e5,1.50]]}}',
    );
  });

  it('cuts the answer into rows, and repeats the rest for each', () => {
    const answer =
      '{"data":{"names":["a","b"], "ndarray":[ [1.0, 2], [3e-7, 4], [5, 6] ]}, "meta": {}}\n';
    expect(split('seldon', answer, one, two)).toEqual([
      '{"data":{"names":["a","b"], "ndarray":[ [1.0, 2] ]}, "meta": {}}\n',
      '{"data":{"names":["a","b"], "ndarray":[ [3e-7, 4], [5, 6] ]}, "meta": {}}\n',
    ]);
  });

  it('cuts answers of one value, of uneven rows, of objects and of NaN a row', () => {
    const parts = (rows: string) => split('seldon', `{"data":{"ndarray":${rows}}}`, one, two);
    expect(parts('["x","y","z"]')).toEqual([
      '{"data":{"ndarray":["x"]}}',
      '{"data":{"ndarray":["y","z"]}}',
    ]);
    expect(parts('[[1],[],[{"a":[2]},3]]')?.[1]).toBe('{"data":{"ndarray":[[],[{"a":[2]},3]]}}');
    expect(parts('[[NaN],[-Infinity],[1]]')?.[0]).toBe('{"data":{"ndarray":[[NaN]]}}');
  });

  it('joins and cuts tensors, and adds their first axes up', () => {
    const a = '{"data":{"tensor":{"shape":[1,2],"values":[1,2]}}}';
    const b = '{"data":{"tensor":{"shape":[2,2],"values":[3,4,5,6]}}}';
    expect(merge('seldon', a, b)).toBe(
      '{"data":{"tensor":{"shape":[3,2],"values":[1,2,3,4,5,6]}}}',
    );
    const answer = '{"data":{"tensor":{"values":[9.0,8,7],"shape":[3,1]}},"meta":{}}';
    expect(split('seldon', answer, a, b)).toEqual([
      '{"data":{"tensor":{"values":[9.0],"shape":[1,1]}},"meta":{}}',
      '{"data":{"tensor":{"values":[8,7],"shape":[2,1]}},"meta":{}}',
    ]);
  });

  it('gives each answer the puid of its own request, or of its header', () => {
    const withPuid = (puid: string) => `{"meta":{"puid":"${puid}"},"data":{"ndarray":[[1,2]]}}`;
    const [a, b] = [withPuid('a'), withPuid('a longer \\" one')];
    expect(mergeable('seldon', a, b)).toBe(true);
    expect(merge('seldon', a, b)).toBe('{"meta":{"puid":"a"},"data":{"ndarray":[[1,2],[1,2]]}}');
    const answer = '{"data":{"ndarray":[[1],[2]]},"meta":{"puid":"a"}}';
    expect(split('seldon', answer, a, b)).toEqual([
      '{"data":{"ndarray":[[1]]},"meta":{"puid":"a"}}',
      '{"data":{"ndarray":[[2]]},"meta":{"puid":"a longer \\" one"}}',
    ]);
    expect(split('seldon', answer, one, one)?.[1]).toBe(
      '{"data":{"ndarray":[[2]]},"meta":{"puid":"puid-1"}}',
    );
  });

  const tagged = (tags: string) => `{"meta":{"tags":${tags}},"data":{"ndarray":[[1,2]]}}`;

  it('keeps requests of other tags, names, shapes or kinds of values apart', () => {
    const named = (names: string) => `{"data":{"names":${names},"ndarray":[[1,2]]}}`;
    const rows = (text: string) => `{"data":{"ndarray":${text}}}`;
    expect(mergeable('seldon', tagged('{"a":1}'), tagged('{"a":1}'))).toBe(true);
    expect(mergeable('seldon', tagged('{"a":1}'), tagged('{"a":2}'))).toBe(false);
    expect(mergeable('seldon', named('["x"]'), named('["y"]'))).toBe(false);
    expect(mergeable('seldon', rows('[[1,2]]'), rows('[[1,2,3]]'))).toBe(false);
    expect(mergeable('seldon', rows('[[[1,2]]]'), rows('[[1,2]]'))).toBe(false);
    expect(mergeable('seldon', rows('[["1"]]'), rows('[[1]]'))).toBe(false);
    // Alone it would be an array of integers.
    expect(mergeable('seldon', rows('[[1,2]]'), rows('[[1.0,2]]'))).toBe(false);
    expect(mergeable('seldon', rows('[[1.5,2]]'), rows('[[1,2.5]]'))).toBe(true);
  });

  it.each([
    ['one axis', '{"data":{"ndarray":[1,2]}}'],
    ['no rows', '{"data":{"ndarray":[]}}'],
    ['empty rows', '{"data":{"ndarray":[[]]}}'],
    ['ragged rows', '{"data":{"ndarray":[[1],[1,2]]}}'],
    ['uneven depths', '{"data":{"ndarray":[[1],2]}}'],
    ['uneven depths further in', '{"data":{"ndarray":[[1,[2]]]}}'],
    ['an integer beyond 64 bits', '{"data":{"ndarray":[[12345678901234567890]]}}'],
    ['numbers and words', '{"data":{"ndarray":[[1,"a"]]}}'],
    ['null', '{"data":{"ndarray":[[null]]}}'],
    ['NaN', '{"data":{"ndarray":[[NaN]]}}'],
    ['objects', '{"data":{"ndarray":[[{"a":1}]]}}'],
    ['strData', '{"strData":"a"}'],
    ['binData', '{"binData":"YQ=="}'],
    ['jsonData', '{"jsonData":{"a":[[1]]}}'],
    ['tftensor', '{"data":{"tftensor":{}}}'],
    ['two tensors', '{"data":{"ndarray":[[1]],"ndarray":[[1]]}}'],
    ['two kinds of tensors', '{"data":{"ndarray":[[1]],"tensor":{"shape":[1,1],"values":[1]}}}'],
    ['an unknown field', '{"data":{"ndarray":[[1]]},"custom":1}'],
    ['a name with an escape', '{"d\\u0061ta":{"ndarray":[[1]]}}'],
    ['a shape that disagrees', '{"data":{"tensor":{"shape":[2,2],"values":[1,2]}}}'],
    ['a shape that is no number', '{"data":{"tensor":{"shape":[-1,2],"values":[1,2]}}}'],
    ['a puid that is no text', '{"data":{"ndarray":[[1]]},"meta":{"puid":1}}'],
    ['something after it', '{"data":{"ndarray":[[1]]}} x'],
    ['wrong UTF-8', '{"data":{"ndarray":[["\xff"]]}}'],
    ['leading zeros', '{"data":{"ndarray":[[01]]}}'],
    ['a comma too many', '{"data":{"ndarray":[[1,]]}}'],
  ])('leaves alone what has %s', (_what, text) => {
    const body = Buffer.from(text, 'latin1');
    const frame = batchFormats.seldon.readRequest(body);
    expect(frame && skeletonOf(frame, batchFormats.seldon.kindOf)).toBeUndefined();
  });

  it.each([
    ['too few rows', '{"data":{"ndarray":[[1]]}}'],
    ['too many rows', '{"data":{"ndarray":[[1],[2],[3],[4]]}}'],
    ['no tensor', '{"strData":"a"}'],
    ['a failure', '{"data":{"ndarray":[[1],[2],[3]]},"status":{"status":"FAILURE"}}'],
    ['tags of its own', '{"data":{"ndarray":[[1],[2],[3]]},"meta":{"tags":{"outlier":true}}}'],
    ['metrics', '{"data":{"ndarray":[[1],[2],[3]]},"meta":{"metrics":[{"key":"a"}]}}'],
    ['an unknown field', '{"data":{"ndarray":[[1],[2],[3]]},"explanation":[1]}'],
    ['half of its text', '{"data":{"ndarray":[[1],[2],[3'],
  ])('does not cut an answer with %s', (_what, answer) => {
    expect(split('seldon', answer, one, two)).toBeUndefined();
  });

  it('repeats what a predictor repeats of all requests: tags, in any order of fields', () => {
    const request = tagged('{"a":1,"b":{"c":2,"d":3}}');
    const meta = '{"tags":{"b":{"d":3,"c":2},"a":1},"metrics":[],"routing":{},"requestPath":{}}';
    const answer = `{"data":{"ndarray":[[1],[2]]},"meta":${meta},"status":{"status":"SUCCESS"}}`;
    expect(split('seldon', answer, request, request)?.[1]).toBe(answer.replace('[1],', ''));
  });
});

describe('tensorflow', () => {
  it('joins instances and cuts predictions, laid out as they were', () => {
    const [a, b] = ['{"instances":[1.0,2.0]}', '{"instances":[5.0]}'];
    expect(merge('tensorflow', a, b)).toBe('{"instances":[1.0,2.0,5.0]}');
    const answer = '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}';
    expect(split('tensorflow', answer, a, b)).toEqual([
      '{\n    "predictions": [2.5, 3.0\n    ]\n}',
      '{\n    "predictions": [4.5\n    ]\n}',
    ]);
  });

  it('cuts predictions that are objects', () => {
    const request = '{"signature_name":"s","instances":[[1]]}';
    const answer = '{"predictions":[{"score":[0.1],"class":"a"},{"score":[0.2],"class":"]"}]}';
    expect(split('tensorflow', answer, request, request)).toEqual([
      '{"predictions":[{"score":[0.1],"class":"a"}]}',
      '{"predictions":[{"score":[0.2],"class":"]"}]}',
    ]);
  });

  it('keeps signatures, shapes and kinds of values apart', () => {
    const signed = (name: string) => `{"signature_name":"${name}","instances":[[1]]}`;
    expect(mergeable('tensorflow', signed('a'), signed('a'))).toBe(true);
    expect(mergeable('tensorflow', signed('a'), signed('b'))).toBe(false);
    expect(mergeable('tensorflow', '{"instances":[[1]]}', '{"instances":[[1,2]]}')).toBe(false);
    expect(mergeable('tensorflow', '{"instances":[[1]]}', '{"instances":[[1.5]]}')).toBe(false);
  });

  it.each([
    '{"inputs":[[1]]}',
    '{"instances":[{"x":[1]}]}',
    '{"instances":[[1]],"inputs":[[1]]}',
    '{"instances":[[1]],"other":1}',
    '{"instances":[[1],[1,2]]}',
    '[[1]]',
  ])('leaves %s alone', (text) => expect(kindOf('tensorflow', text)).toBeUndefined());

  it.each(['{"outputs":[[1],[2]]}', '{"predictions":[[1],[2]],"error":"a"}', '{"predictions":[]}'])(
    'does not cut %s',
    (answer) => {
      const request = '{"instances":[[1]]}';
      expect(split('tensorflow', answer, request, request)).toBeUndefined();
    },
  );
});

describe('v2', () => {
  const request = (id: string, shape: string, data: string, more = '') =>
    `{${id}"inputs":[{"name":"x","shape":${shape},"datatype":"FP64","data":${data}}]${more}}`;

  it('joins every input, and cuts every output by its shape', () => {
    const of = (n: number, x: string, y: string) =>
      `{"inputs":[{"name":"x","shape":[${n},2],"datatype":"FP64","data":[${x}]},{"name":"y","datatype":"BYTES","data":[${y}],"shape":[${n}]}]}`;
    const [a, b] = [of(1, '1,2.50', '"[a"'), of(2, '3,4,5,6', '"b","\\"c"')];
    expect(merge('v2', a, b)).toBe(of(3, '1,2.50,3,4,5,6', '"[a","b","\\"c"'));
    const answer =
      '{"model_name":"m","model_version":"1","outputs":[{"name":"p","shape":[3,1],"datatype":"INT64","data":[7,8,9]},{"name":"q","shape":[3,1,2],"datatype":"FP32","data":[[[1,2]],[[3,4]],[[5,6.0]]]}]}';
    expect(split('v2', answer, a, b)).toEqual([
      '{"model_name":"m","model_version":"1","outputs":[{"name":"p","shape":[1,1],"datatype":"INT64","data":[7]},{"name":"q","shape":[1,1,2],"datatype":"FP32","data":[[[1,2]]]}]}',
      '{"model_name":"m","model_version":"1","outputs":[{"name":"p","shape":[2,1],"datatype":"INT64","data":[8,9]},{"name":"q","shape":[2,1,2],"datatype":"FP32","data":[[[3,4]],[[5,6.0]]]}]}',
    ]);
  });

  it('echoes the id of each request', () => {
    const [a, b] = [request('"id":"a",', '[1,1]', '[1]'), request('"id":"bb",', '[1,1]', '[2]')];
    expect(mergeable('v2', a, b)).toBe(true);
    const answer = '{"id":"a","outputs":[{"name":"p","shape":[2],"datatype":"FP64","data":[1,2]}]}';
    expect(split('v2', answer, a, b)?.[1]).toBe(
      '{"id":"bb","outputs":[{"name":"p","shape":[1],"datatype":"FP64","data":[2]}]}',
    );
  });

  it('merges integers and floats, since the datatype says how they are read', () => {
    expect(mergeable('v2', request('', '[1,1]', '[1]'), request('', '[1,1]', '[1.5]'))).toBe(true);
  });

  it('keeps datatypes, names, shapes, layouts, parameters and wanted outputs apart', () => {
    const base = request('', '[1,2]', '[1,2]');
    const others = [
      request('', '[1,3]', '[1,2,3]'),
      request('', '[1,2]', '[[1,2]]'),
      base.replace('FP64', 'FP32'),
      base.replace('"x"', '"y"'),
      request('', '[1,2]', '[1,2]', ',"parameters":{"a":1}'),
      request('', '[1,2]', '[1,2]', ',"outputs":[{"name":"p"}]'),
      request('"id":"a",', '[1,2]', '[1,2]'),
    ];
    expect(mergeable('v2', base, request('', '[2,2]', '[1,2,3,4]'))).toBe(true);
    for (const other of others) expect(mergeable('v2', base, other)).toBe(false);
  });

  it.each([
    ['data that does not fill its shape', request('', '[1,2]', '[1]')],
    ['data that is nested otherwise', request('', '[2,2]', '[[1,2,3,4]]')],
    ['an empty axis', request('', '[0,2]', '[]')],
    [
      'inputs of different first axes',
      '{"inputs":[{"shape":[1],"data":[1]},{"shape":[2],"data":[1,2]}]}',
    ],
    ['no inputs', '{"inputs":[]}'],
    ['a sequence', request('', '[1,1]', '[1]', ',"parameters":{"sequence_id":1}')],
    ['binary outputs', request('', '[1,1]', '[1]', ',"parameters":{"binary_data_output":true}')],
    ['an unknown field', request('', '[1,1]', '[1]', ',"custom":1')],
    ['an id that is no text', request('"id":1,', '[1,1]', '[1]')],
  ])('leaves alone what has %s', (_what, text) => expect(kindOf('v2', text)).toBeUndefined());

  it('does not cut an answer of which one output is not by rows', () => {
    const answer =
      '{"outputs":[{"name":"p","shape":[2],"datatype":"FP64","data":[1,2]},{"name":"q","shape":[1],"datatype":"FP64","data":[1]}]}';
    const one = request('', '[1,1]', '[1]');
    expect(split('v2', answer, one, one)).toBeUndefined();
  });
});

describe('whatever the bytes are', () => {
  const valid = [
    '{"data":{"names":["a"],"ndarray":[[1,2.5e-3,-0.5],[1,2,3]]},"meta":{"puid":"x","tags":{"é":[null,true]}}}',
    '{"data":{"tensor":{"shape":[2,2],"values":[1,2,3,4]}}}',
    '{"signature_name":"s","instances":[[["a","\\u00e9\\n"]]]}',
    '{"id":"1","inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[[1,2]]}],"outputs":[]}',
    '{"predictions":[{"a":1},[2]]}',
  ];
  const protocolNames = ['seldon', 'tensorflow', 'v2'] as const;
  const damaged = fc
    .record({
      text: fc.constantFrom(...valid),
      at: fc.nat(200),
      removed: fc.nat(3),
      put: fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.constantFrom('[', ']', '{', '}', '"', ',', ':', '\\', '0', '-', '.', 'e', '[]', '[1]'),
      ),
    })
    .map(({ text, at, removed, put }) => text.slice(0, at) + put + text.slice(at + removed));

  it('nothing throws, and what is not JSON goes alone and is not cut', () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      damaged.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        for (const protocol of protocolNames) {
          const format = batchFormats[protocol];
          const frame = format.readRequest(body);
          const answer = format.readAnswer(body, { bytes: body, rows: 2, slots: [] }, 2);
          const isTaken =
            (frame !== undefined && skeletonOf(frame, format.kindOf) !== undefined) ||
            (answer !== undefined && !body.includes('NaN') && !body.includes('Infinity'));
          if (isTaken) JSON.parse(body.toString());
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
