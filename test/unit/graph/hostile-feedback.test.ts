/** Feedback of any shape, and answers of any shape where a built-in unit of the graph reads them. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTranslatedFeedback } from '../../../src/delivery/translated-feedback.ts';
import { AdapterError } from '../../../src/errors.ts';
import { average } from '../../../src/graph/built-in.ts';
import { createFeedback } from '../../../src/graph/feedback.ts';
import { jsonType, type Message } from '../../../src/graph/message.ts';
import { unitOf } from '../../../src/graph/walk.ts';
import { graphMetadata, readMetadata } from '../../../src/inference/seldon/graph-metadata.ts';
import { parsed } from './graph-case.ts';

const messageOf = (body: Uint8Array): Message => ({
  body,
  contentType: jsonType,
  contentEncoding: undefined,
});
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const key = fc.constantFrom(
  ...['response', 'request', 'reward', 'truth', 'meta', 'routing', 'r', '__proto__', 'constructor'],
  ...['data', 'ndarray', 'tensor', 'shape', 'values', 'status'],
);
const number = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue({ maxDepth: 1 }),
    number,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  ),
}));
const tensor = fc.record({
  shape: fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 3 }),
  values: fc.array(number, { maxLength: 9 }),
});
const rows = fc.array(fc.array(number, { minLength: 2, maxLength: 2 }), { maxLength: 3 });
const routed = fc
  .oneof(tree, fc.integer({ min: -4, max: 4 }), number)
  .map((chosen) => ({ response: { meta: { routing: { r: chosen } } }, reward: 1 }));
const tables = fc.oneof(
  fc.record({ data: fc.record({ tensor }) }),
  fc.record({ data: fc.record({ ndarray: rows }) }),
);
const body = fc.oneof(
  fc.oneof(tree, routed, tables).map((value) => Buffer.from(JSON.stringify(value))),
  tree.map((value) => Buffer.from(JSON.stringify(value).slice(0, -1))),
  fc.uint8Array({ maxLength: 60 }),
);

const { root, images } = parsed({
  name: 'r',
  type: 'ROUTER',
  children: [
    { name: 'a', type: 'MODEL' },
    { name: 'b', type: 'MODEL' },
  ],
});
const unit = unitOf(root, images);

async function give(bytes: Uint8Array): Promise<AdapterError | undefined> {
  const feedback = createFeedback<string>('seldon', {
    callNode: async ({ message }) => message,
    rewarded: (_node, reward) => expect(typeof reward).toBe('number'),
  });
  try {
    await feedback(unit, messageOf(bytes), 'request');
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AdapterError);
    return error as AdapterError;
  }
}

describe('feedback', () => {
  it('of any shape is told to nodes, or refused as malformed', async () => {
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const refusal = await give(bytes);
        if (refusal !== undefined) expect(refusal.code).toBe('REQUEST_MALFORMED');
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['routing', `{"response":{"meta":{"routing":{"r":${deep}}}}}`],
    ['truth', `{"truth":${deep}}`],
    ['reward', `{"reward":${deep}}`],
  ])(
    'with a %s a hundred thousand levels deep is taken or refused in a few words',
    async (_, text) => {
      const refusal = await give(Buffer.from(text));
      if (refusal === undefined) return;
      expect(refusal.code).toBe('REQUEST_MALFORMED');
      expect(refusal.message.length).toBeLessThan(500);
    },
  );

  it('whose routing is a long text is refused in a few words', async () => {
    const routing = { r: 'x'.repeat(100_000) };
    const refusal = await give(Buffer.from(JSON.stringify({ response: { meta: { routing } } })));
    expect(refusal?.message.length).toBeLessThan(500);
  });

  it('as a protobuf of any bytes, answered with anything, is an answer or at fault', async () => {
    const forms = {
      jsonOf: (_name: string, bytes: Uint8Array): unknown =>
        JSON.parse(Buffer.from(bytes).toString()),
      bytesOf: (_name: string, json: unknown): Uint8Array => Buffer.from(JSON.stringify(json)),
    };
    await fc.assert(
      fc.asyncProperty(body, body, async (asked, answered) => {
        const translated = createTranslatedFeedback(
          async () => ({ status: 200, body: answered, headers: [] }) as never,
          forms,
        );
        try {
          await translated({ path: '/f', headers: [], body: asked, deadline: 1 });
        } catch (error) {
          expect(error).toBeInstanceOf(AdapterError);
          expect(['REQUEST_MALFORMED', 'PREDICTOR_ANSWER_UNUSABLE']).toContain(
            (error as AdapterError).code,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

const averaged = (bodies: readonly Uint8Array[]): string | AdapterError => {
  try {
    return Buffer.from(average(unit, bodies.map(messageOf)).body).toString();
  } catch (error) {
    expect(error).toBeInstanceOf(AdapterError);
    expect((error as AdapterError).code).toBe('PREDICTOR_ANSWER_UNUSABLE');
    return error as AdapterError;
  }
};

describe('AVERAGE_COMBINER', () => {
  it('of answers of any shape is a table of numbers, or tells which one is none', () => {
    fc.assert(
      fc.property(fc.array(body, { maxLength: 3 }), (bodies) => {
        const text = averaged(bodies);
        if (typeof text === 'string') expect(JSON.parse(text)).toHaveProperty('data');
      }),
      { numRuns: 1_000 },
    );
  });

  it('of tables of one shape is their mean, finite however large the numbers are', () => {
    const shape = { minLength: 4, maxLength: 4 };
    const values = fc.array(number.filter(Number.isFinite), shape);
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (all) => {
        const text = averaged(
          all.map((one) =>
            Buffer.from(JSON.stringify({ data: { tensor: { shape: [2, 2], values: one } } })),
          ),
        );
        const { data } = JSON.parse(String(text)) as { data: { tensor: { values: number[] } } };
        data.tensor.values.forEach((mean, i) => {
          const column = all.map((one) => one[i] ?? 0);
          const slack = Math.max(...column.map(Math.abs)) * 1e-9;
          expect(mean).toBeGreaterThanOrEqual(Math.min(...column) - slack);
          expect(mean).toBeLessThanOrEqual(Math.max(...column) + slack);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('of the largest numbers is as large, and no null', () => {
    const largest = Buffer.from(`{"data":{"ndarray":[[${Number.MAX_VALUE}]]}}`);
    expect(averaged([largest, largest])).toBe(largest.toString());
    const endless = Buffer.from('{"data":{"ndarray":[[1e999]]}}');
    expect(averaged([endless, endless])).toBeInstanceOf(AdapterError);
  });

  it('of an answer a hundred thousand levels deep is told as unusable, or is one', () => {
    const text = `{"x":${deep},"data":{"ndarray":[[1]]}}`;
    averaged([Buffer.from(text), Buffer.from('{"data":{"ndarray":[[1]]}}')]);
  });
});

describe("a graph's metadata", () => {
  it('of any answers of its models is JSON that names them all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, body), { maxLength: 3 }), body, (models, ends) => {
        const told = models.map(([name, answer]) => [name, readMetadata(answer) ?? {}] as const);
        const text = graphMetadata('p', told, readMetadata(ends) ?? {});
        const read = JSON.parse(text) as { models: object };
        expect(new Set(Object.keys(read.models))).toEqual(new Set(told.map(([name]) => name)));
      }),
    );
  });

  it('of a model whose metadata is a hundred thousand levels deep is JSON, too', () => {
    const described = readMetadata(Buffer.from(`{"x":${deep}}`)) ?? {};
    expect(JSON.parse(graphMetadata('p', [['m', described]], {}))).toHaveProperty('models');
    expect(described).toEqual({});
  });
});
