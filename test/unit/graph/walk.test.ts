import { describe, expect, test } from 'vitest';
import { AdapterError } from '../../../src/errors.ts';
import { failed, type NodeSpec, routeTo, walked } from './graph-case.ts';

const input = { data: { ndarray: [[1]] } };
const model = (name: string): NodeSpec => ({ name, type: 'MODEL' });
const answers = (name: string) => () => ({ data: { names: [name] } });

describe('a node is called as its type, methods and implementation say', () => {
  const below = [model('m')];
  test.each<[string, NodeSpec, string[]]>([
    ['MODEL', model('n'), ['n/predict']],
    ['nothing, which is a MODEL', { name: 'n' }, ['n/predict']],
    ['TRANSFORMER', { name: 'n', type: 'TRANSFORMER' }, ['n/transform-input']],
    ['OUTPUT_TRANSFORMER', { name: 'n', type: 'OUTPUT_TRANSFORMER' }, ['n/transform-output']],
    ['ROUTER', { name: 'n', type: 'ROUTER', children: below }, ['n/route', 'm/predict']],
    ['COMBINER', { name: 'n', type: 'COMBINER', children: below }, ['m/predict', 'n/aggregate']],
    ['MODEL with children', { ...model('n'), children: below }, ['n/predict', 'm/predict']],
    [
      'methods alone',
      {
        name: 'n',
        type: 'UNKNOWN_TYPE',
        methods: ['TRANSFORM_INPUT', 'TRANSFORM_OUTPUT', 'AGGREGATE', 'ROUTE'],
        children: below,
      },
      ['n/transform-input', 'n/route', 'm/predict', 'n/aggregate', 'n/transform-output'],
    ],
    [
      'a method over the type, where both concern one step',
      { ...model('n'), methods: ['TRANSFORM_INPUT'] },
      ['n/transform-input'],
    ],
    [
      'a method beside the type, where it concerns another',
      { name: 'n', type: 'ROUTER', methods: ['SEND_FEEDBACK'], children: below },
      ['n/route', 'm/predict'],
    ],
    [
      'a built-in over everything else',
      { name: 'n', type: 'ROUTER', implementation: 'SIMPLE_ROUTER', children: below },
      ['m/predict'],
    ],
    ['a prepackaged server', { name: 'n', implementation: 'SKLEARN_SERVER' }, ['n/predict']],
  ])('%s', async (_, spec, calls) => {
    const nodes = { n: (text: string, call: string) => (call === 'route' ? [0] : text) };
    expect((await walked(spec, input, { nodes })).calls).toEqual(calls);
  });
});

describe('what a router says', () => {
  const router = { name: 'r', type: 'ROUTER', children: [model('a'), model('b')] };
  const nodes = { a: answers('a'), b: answers('b') };

  test.each([
    [0, ['r/route', 'a/predict'], 'a'],
    [1, ['r/route', 'b/predict'], 'b'],
    [-1, ['r/route', 'a/predict', 'b/predict'], 'a'],
  ])('%j is followed, and recorded', async (index, calls, name) => {
    const end = await walked(router, input, { nodes: { ...nodes, r: routeTo(index) } });
    expect(end.calls).toEqual(calls);
    expect(end.json().data.names).toEqual([name]);
    expect(end.json().meta.routing).toEqual({ r: index });
  });

  test('−2 is nobody: the message itself is the answer', async () => {
    const end = await walked(router, input, { nodes: { ...nodes, r: routeTo(-2) } });
    expect(end.calls).toEqual(['r/route']);
    expect(end.json()).toMatchObject({ ...input, meta: { routing: { r: -2 } } });
  });

  test.each([2, 7, -3])('%j, out of range, is an error with router, index and count', async (i) => {
    const end = walked(router, input, { nodes: { ...nodes, r: routeTo(i) } });
    await expect(end).rejects.toMatchObject({
      code: 'PREDICTOR_MISCONFIGURED',
      fault: 'deployment',
      message: expect.stringMatching(
        new RegExp(`node "r" \\(localhost:9000\\) routed to child ${i}, but has 2 children`),
      ),
    });
  });

  test.each(['none', { data: {} }, [], [[]], ['1'], { data: { ndarray: [[0.5]] } }, 'null', ''])(
    'that holds no index is an error with router and count: %j',
    async (answer) => {
      const end = walked(router, input, { nodes: { ...nodes, r: () => answer } });
      await expect(end).rejects.toMatchObject({
        code: 'PREDICTOR_ANSWER_UNUSABLE',
        message: expect.stringMatching(/node "r" .* routes between 2 children, but/),
      });
    },
  );

  test.each([
    [[1]],
    [[[1]]],
    [{ data: { ndarray: [1] } }],
    [{ data: { tensor: { shape: [1, 1], values: [1.0] } } }],
    [{ data: { tftensor: { intVal: [1] } } }],
  ])('is read in each of the forms that wrappers use: %j', async (answer) => {
    const end = await walked(router, input, { nodes: { ...nodes, r: () => answer } });
    expect(end.calls).toEqual(['r/route', 'b/predict']);
  });

  test('is not asked of the built-in ones', async () => {
    const ab = { ...router, implementation: 'RANDOM_ABTEST' };
    const parameters = [{ name: 'ratioA', value: '0.3', type: 'FLOAT' }];
    const chosen = async (spec: NodeSpec, random: number) =>
      (await walked(spec, input, { nodes, random })).json().meta.routing.r;
    expect(await chosen({ ...ab, parameters }, 0.29)).toBe(0);
    expect(await chosen({ ...ab, parameters }, 0.3)).toBe(1);
    expect(await chosen(ab, 0.49)).toBe(0);
    expect(await chosen(ab, 0.5)).toBe(1);
    expect(await chosen({ ...router, implementation: 'SIMPLE_ROUTER' }, 0.99)).toBe(0);
  });
});

describe('children that are called together', () => {
  const combiner = { name: 'c', type: 'COMBINER', children: ['x', 'y', 'z'].map(model) };

  test('are given to the combiner as a list, in their order, whoever answers first', async () => {
    const slowly = (name: string, turns: number) => async () => {
      for (let i = 0; i < turns; i += 1) await undefined;
      return answers(name)();
    };
    const nodes = { x: slowly('x', 50), y: slowly('y', 20), z: slowly('z', 1) };
    const end = await walked(combiner, input, { nodes: { ...nodes, c: answers('c') } });
    expect(JSON.parse(end.sent['c/aggregate'] ?? '')).toEqual([
      answers('x')(),
      answers('y')(),
      answers('z')(),
    ]);
    expect(end.json().data.names).toEqual(['c']);
  });

  test('are all waited for; of several that fail the lowest index is told', async () => {
    let waitedFor = false;
    const nodes = {
      x: async () => {
        for (let i = 0; i < 50; i += 1) await undefined;
        waitedFor = true;
        return answers('x')();
      },
      y: async () => {
        for (let i = 0; i < 20; i += 1) await undefined;
        throw new AdapterError('PREDICTOR_FAILED', 'y broke');
      },
      z: () => failed(500),
    };
    await expect(walked(combiner, input, { nodes })).rejects.toThrow('y broke');
    expect(waitedFor).toBe(true);
    const other = { ...nodes, x: () => failed(418) };
    expect(await walked(combiner, input, { nodes: other })).toMatchObject({ failed: 418 });
  });

  test('answer by the first of them where nothing combines', async () => {
    const nodes = { a: answers('a'), b: answers('b') };
    const spec = { name: 't', type: 'TRANSFORMER', children: [model('a'), model('b')] };
    const end = await walked(spec, input, { nodes });
    expect(end.calls).toEqual(['t/transform-input', 'a/predict', 'b/predict']);
    expect(end.json().data.names).toEqual(['a']);
  });
});

describe('a failure ends the walk, at every position', () => {
  const spec: NodeSpec = {
    name: 'in',
    type: 'UNKNOWN_TYPE',
    methods: ['TRANSFORM_INPUT', 'TRANSFORM_OUTPUT'],
    children: [
      {
        name: 'r',
        type: 'ROUTER',
        children: [{ name: 'c', type: 'COMBINER', children: [model('a'), model('b')] }],
      },
    ],
  };
  const order = ['in/transform-input', 'r/route', 'a/predict', 'b/predict', 'c/aggregate'];
  const all = [...order, 'in/transform-output'];
  const called = (at: string) =>
    at === 'a/predict' ? all.slice(0, 4) : all.slice(0, all.indexOf(at) + 1);
  const names = ['in', 'r', 'a', 'b', 'c'];

  test.each(all)('%s', async (at) => {
    const nodes = (fail: () => unknown) =>
      Object.fromEntries(
        names.map((name) => [
          name,
          (text: string, call: string) => {
            if (`${name}/${call}` === at) return fail();
            return call === 'route' ? [0] : call === 'aggregate' ? input : text;
          },
        ]),
      );
    const end = await walked(spec, input, { nodes: nodes(() => failed(503)) });
    expect(end).toMatchObject({ failed: 503, calls: called(at) });
    const broken = () => {
      throw new AdapterError('PREDICTOR_UNREACHABLE', `${at} is away`);
    };
    await expect(walked(spec, input, { nodes: nodes(broken) })).rejects.toThrow(`${at} is away`);
  });
});

describe('what nodes are sent', () => {
  test('keeps its bytes from node to node', async () => {
    const odd = '{ "data" : {"ndarray":[[12345678901234567890, 1.0, 1e400]]} }';
    const spec = { name: 't', type: 'TRANSFORMER', children: [model('m')] };
    const end = await walked(spec, odd);
    expect(end.sent).toEqual({ 't/transform-input': odd, 'm/predict': odd });
    expect(end.text).toContain('[[12345678901234567890, 1.0, 1e400]]');
  });

  test('may be anything: what is no JSON object comes out as it went in', async () => {
    const spec = { name: 't', type: 'TRANSFORMER', children: [model('m')] };
    for (const text of ['', 'text', '[1,2]', '{"data"', '{"meta":', '\u0000\u0001']) {
      expect((await walked(spec, text)).text).toBe(text);
    }
  });

  test('a graph of a hundred nodes is walked to its end', async () => {
    let spec = model('m0');
    for (let i = 1; i < 100; i += 1) spec = { ...model(`m${i}`), children: [spec] };
    const end = await walked(spec, input);
    expect(end.calls).toHaveLength(100);
    expect(Object.keys(end.json().meta.requestPath)).toHaveLength(100);
  });
});
