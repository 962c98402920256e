/** Any graph, any answers: what holds of every walk. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failed, type NodeSpec, walked } from './graph-case.ts';

const kinds = ['MODEL', 'TRANSFORMER', 'OUTPUT_TRANSFORMER', 'ROUTER', 'COMBINER'] as const;
const methods = ['TRANSFORM_INPUT', 'TRANSFORM_OUTPUT', 'AGGREGATE', 'ROUTE'];

interface Shape {
  readonly type: (typeof kinds)[number];
  readonly methods: readonly string[];
  readonly children: readonly Shape[];
}

const shapeOf = (depth: number): fc.Arbitrary<Shape> =>
  fc.record({
    type: fc.constantFrom(...kinds),
    methods: fc.oneof(fc.constant([]), fc.subarray(methods)),
    children: depth === 0 ? fc.constant([]) : fc.array(shapeOf(depth - 1), { maxLength: 3 }),
  });
const shape = shapeOf(3);

/** Names by the way from the root: `n`, `n.0`, `n.0.1`. */
const named = ({ children, ...rest }: Shape, name = 'n'): NodeSpec => ({
  ...rest,
  name,
  children: children.map((child, i) => named(child, `${name}.${i}`)),
});

const namesOf = (spec: NodeSpec): string[] => [
  spec.name,
  ...(spec.children ?? []).flatMap(namesOf),
];

/** How each node routes, fails, and how many turns its answer takes. */
const behaviour = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  failing: fc.integer({ min: 0, max: 30 }),
  patience: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 5, maxLength: 5 }),
});

const hash = (text: string, seed: number): number =>
  [...text].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 1_000_003, seed);

interface Behaviour {
  readonly seed: number;
  readonly failing: number;
}

function nodesOf(spec: NodeSpec, { seed, failing }: Behaviour, turns: (name: string) => number) {
  return Object.fromEntries(
    namesOf(spec).map((name) => [
      name,
      async (_text: string, call: string) => {
        for (let i = turns(name); i > 0; i -= 1) await undefined;
        const chance = hash(`${name}/${call}`, seed);
        if (failing > 0 && chance % 40 < failing / 10) return failed(500 + (chance % 7));
        if (call === 'route') return [(chance % 5) - 2];
        const meta = {
          tags: { [name]: chance, last: name },
          metrics: [{ key: `${name}/${call}` }],
        };
        return { data: { names: [name, call] }, meta };
      },
    ]),
  );
}

const input = { data: { ndarray: [[1]] }, meta: { tags: { own: 1 } } };

test('each node is called at most once for each of its steps, and only below those called', async () => {
  await fc.assert(
    fc.asyncProperty(shape, behaviour, async (given, how) => {
      const spec = named(given);
      const nodes = nodesOf(spec, how, () => 0);
      const { calls } = await walked(spec, input, { nodes }).catch(() => ({ calls: [] }));
      expect(new Set(calls).size).toBe(calls.length);
      const known = new Set(namesOf(spec));
      for (const call of calls) expect(known).toContain(call.slice(0, call.indexOf('/')));
    }),
    { numRuns: 120 },
  );
});

test('the answer, or the error, is the same whichever of the nodes is slow', async () => {
  await fc.assert(
    fc.asyncProperty(shape, behaviour, async (given, how) => {
      const spec = named(given);
      const ends = [];
      for (const turns of [
        () => 0,
        (name: string) => how.patience[hash(name, 7) % 5] ?? 0,
        (name: string) => how.patience[hash(name, 11) % 5] ?? 0,
      ]) {
        const nodes = nodesOf(spec, how, turns);
        const end = walked(spec, input, { nodes }).then(
          ({ text, failed: status }) => ({ text, status }),
          (error: Error) => error.message,
        );
        ends.push(await end);
      }
      expect(ends[1]).toEqual(ends[0]);
      expect(ends[2]).toEqual(ends[0]);
    }),
    { numRuns: 80 },
  );
});

test('whatever bytes nodes answer, a walk ends in a message or an error of ours', async () => {
  const chain: NodeSpec = {
    name: 'r',
    type: 'ROUTER',
    children: [{ name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] }],
  };
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((text) => `{"meta":${text}}`),
    fc.json().map((text) => `{"meta":{"tags":${text},"metrics":${text},"routing":${text}}}`),
    fc.constantFrom('[0]', '{"data":{"ndarray":[[0]]}}', '{"meta":', '{"meta"', '{"meta":{"a'),
  );
  await fc.assert(
    fc.asyncProperty(texts, texts, texts, texts, async (first, r, t, m) => {
      const nodes = { r: () => r, t: () => t, m: () => m };
      for (const protocol of ['seldon', 'v2', 'tensorflow'] as const) {
        const end = await walked(chain, first, { nodes, protocol }).catch((error) => error);
        if (end instanceof Error) expect(end).toHaveProperty('code');
        else expect(end.text).toBeTypeOf('string');
      }
    }),
    { numRuns: 120 },
  );
});
