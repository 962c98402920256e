import { describe, expect, test } from 'vitest';
import { type NodeSpec, routeTo, walked } from './graph-case.ts';

const input = { data: { ndarray: [[1]] } };
const model = (name: string): NodeSpec => ({ name, type: 'MODEL' });
const metric = (key: string) => ({ key, type: 'COUNTER', value: 1 });
const withMeta = (meta: object) => () => ({ data: { ndarray: [[2]] }, meta });

/** As Seldon's wrapper: what it was sent, and then its own. */
const wrapper = (name: string) => (text: string) => {
  const message = JSON.parse(text);
  const messages = Array.isArray(message) ? message : [message];
  const tags = Object.assign({}, ...messages.map((m) => m.meta?.tags), { [name]: true });
  const metrics = [...messages.flatMap((m) => m.meta?.metrics ?? []), metric(name)];
  return { data: { ndarray: [[2]] }, meta: { tags, metrics } };
};

describe('the last answer', () => {
  const chain = { name: 't', type: 'TRANSFORMER', children: [model('m')] };

  test('has the tags of all nodes, later ones over earlier ones', async () => {
    const nodes = { t: withMeta({ tags: { a: 1, t: 1 } }), m: withMeta({ tags: { a: 2 } }) };
    const end = await walked(chain, { ...input, meta: { tags: { r: 0, a: 0 } } }, { nodes });
    expect(end.json().meta.tags).toEqual({ r: 0, a: 2, t: 1 });
  });

  test('has the metrics of all nodes once, whether or not they hand on what they were sent', async () => {
    const own = (name: string) => withMeta({ metrics: [metric(name)] });
    const silent = await walked(chain, input, { nodes: { t: own('t'), m: own('m') } });
    const handing = await walked(chain, input, { nodes: { t: wrapper('t'), m: wrapper('m') } });
    expect(silent.json().meta.metrics).toEqual([metric('t'), metric('m')]);
    expect(handing.json().meta.metrics).toEqual([metric('t'), metric('m')]);
  });

  test('counts handed-on metrics once though they are spaced and ordered anew', async () => {
    const respaced = (text: string) => {
      const { key, type, value } = JSON.parse(text).meta.metrics[0];
      return `{"meta":{"metrics":[ { "value": ${value}, "type":"${type}","key":"${key}" }]}}`;
    };
    const nodes = { t: withMeta({ metrics: [metric('t')] }), m: respaced };
    expect((await walked(chain, input, { nodes })).json().meta.metrics).toEqual([metric('t')]);
  });

  test('has metrics through a combiner once, in the order of the graph', async () => {
    const spec = { name: 'c', type: 'COMBINER', children: [model('a'), model('b')] };
    const nodes = { a: wrapper('a'), b: wrapper('b'), c: wrapper('c') };
    const end = await walked(spec, { ...input, meta: { metrics: [metric('r')] } }, { nodes });
    // Each child hands on the request's: the combiner is sent it twice, and so tells it.
    expect(end.json().meta.metrics).toEqual(['r', 'a', 'b', 'c'].map(metric));
    expect(end.json().meta.tags).toEqual({ a: true, b: true, c: true });
  });

  test("has a router's metrics and path, not its tags, and those of the children that were called", async () => {
    const spec = { name: 'r', type: 'ROUTER', children: [model('a'), model('b')] };
    const requestPath = { r: 'router:1' };
    const r = () => ({
      ...routeTo(1)(),
      meta: { metrics: [metric('r')], tags: { r: 1 }, requestPath },
    });
    const nodes = { r, a: withMeta({ tags: { a: 1 } }), b: withMeta({ metrics: [metric('b')] }) };
    const { meta } = (await walked(spec, input, { nodes })).json();
    expect(meta).toEqual({
      routing: { r: 1 },
      requestPath: { r: 'router:1', b: '' },
      metrics: [metric('r'), metric('b')],
    });
  });

  test("has the request's puid, else the one it is given, and never a node's", async () => {
    const nodes = { t: withMeta({ puid: 'of t' }) };
    const puidOf = async (meta: object, puid?: string) =>
      (await walked(chain, { ...input, meta }, { nodes, ...(puid && { puid }) })).json().meta.puid;
    expect(await puidOf({ puid: 'mine' }, 'header')).toBe('mine');
    expect(await puidOf({}, 'header')).toBe('header');
    expect(await puidOf({})).toBe('of t');
  });

  test('has the image of every node passed, else what the node says of itself', async () => {
    const nodes = { m: withMeta({ requestPath: { m: 'by itself:1', behind: 'it:2' } }) };
    const images = { t: 'transformer:0.1' };
    const end = await walked(chain, input, { nodes, images });
    expect(end.json().meta.requestPath).toEqual({
      t: 'transformer:0.1',
      m: 'by itself:1',
      behind: 'it:2',
    });
  });

  test('keeps members that nobody here knows, and numbers that no double holds', async () => {
    const nodes = { m: () => '{"meta":{"tags":{"big":12345678901234567890},"own":{"x":1.0}}}' };
    const { text } = await walked(chain, input, { nodes });
    expect(text).toContain('"tags":{"big":12345678901234567890}');
    expect(text).toContain('"own":{"x":1.0}');
  });

  test.each(['{"meta":[]}', '{"meta":null}', '{"meta":{"tags":7,"metrics":{},"puid":3}}'])(
    'is whole where the meta of a node is odd: %s',
    async (answer) => {
      const end = await walked(chain, input, { nodes: { m: () => answer } });
      expect(end.json()).toEqual({ meta: { routing: { t: -1 }, requestPath: { t: '', m: '' } } });
    },
  );
});

describe('the built-in units', () => {
  test('SIMPLE_MODEL answers what Seldon has it answer', async () => {
    const end = await walked({ name: 's', implementation: 'SIMPLE_MODEL' }, input, { puid: 'p' });
    expect(end.calls).toEqual([]);
    expect(end.json()).toEqual({
      status: { status: 'SUCCESS' },
      meta: { puid: 'p', requestPath: { s: '' } },
      data: {
        names: ['class0', 'class1', 'class2'],
        tensor: { shape: [1, 3], values: [0.1, 0.9, 0.5] },
      },
    });
  });

  const average = (children: unknown[]) => {
    const names = children.map((_, i) => `m${i}`);
    const nodes = Object.fromEntries(names.map((name, i) => [name, () => children[i]]));
    const spec = { name: 'avg', implementation: 'AVERAGE_COMBINER', children: names.map(model) };
    return walked(spec, input, { nodes });
  };
  const tensor = (shape: number[], values: number[]) => ({ data: { tensor: { shape, values } } });

  test('AVERAGE_COMBINER is the mean, in the form and with the names of the first', async () => {
    const first = {
      data: {
        names: ['a', 'b'],
        ndarray: [
          [1, 2],
          [3, 4],
        ],
      },
      status: { code: 200 },
    };
    const end = await average([first, tensor([2, 2], [3, 4, 5, 6])]);
    expect(end.json()).toMatchObject({
      data: {
        names: ['a', 'b'],
        ndarray: [
          [2, 3],
          [4, 5],
        ],
      },
      status: { code: 200 },
      meta: { routing: { avg: -1 }, requestPath: { avg: '', m0: '', m1: '' } },
    });
    const other = await average([tensor([1, 2], [0, 1]), tensor([1, 2], [1, 1])]);
    expect(other.json().data).toEqual({ tensor: { shape: [1, 2], values: [0.5, 1] } });
  });

  test('AVERAGE_COMBINER counts the metrics of each answer once', async () => {
    const one = (key: string) => ({ ...tensor([1, 1], [1]), meta: { metrics: [metric(key)] } });
    const end = await average([one('a'), one('b')]);
    expect(end.json().meta.metrics).toEqual([metric('a'), metric('b')]);
  });

  test.each([
    ['of another shape', [tensor([1, 2], [0, 1]), tensor([2, 1], [1, 1])], 'answer 2'],
    ['of one axis', [{ data: { ndarray: [1, 2] } }], 'answer 1'],
    ['ragged', [{ data: { ndarray: [[1], [2, 3]] } }], 'answer 1'],
    ['of texts', [tensor([1, 1], [1]), { data: { ndarray: [['1']] } }], 'answer 2 (of "m1"'],
    ['no JSON', ['x'], 'answer 1'],
    ['lying about its shape', [tensor([2, 2], [1])], 'answer 1'],
  ])('AVERAGE_COMBINER says which answer is %s', async (_, children, told) => {
    await expect(average(children)).rejects.toMatchObject({
      code: 'PREDICTOR_ANSWER_UNUSABLE',
      message: expect.stringContaining(told),
    });
  });
});

describe('in the other protocols', () => {
  const chain = { name: 'a', type: 'TRANSFORMER', children: [model('b')] };

  test.each([
    [
      'tensorflow',
      '{"predictions":[[1.0,12345678901234567890]],"x":1}',
      'predictions',
      'instances',
    ],
    ['v2', '{"model_name":"a","outputs":[{"name":"o","data":[1.0]}]}', 'outputs', 'inputs'],
  ] as const)('%s answers become requests by one name', async (protocol, answer, was, is) => {
    const nodes = { a: () => answer, b: () => answer };
    const end = await walked(chain, { [is]: [1] }, { nodes, protocol });
    expect(end.sent).toEqual({
      'a/transform-input': `{"${is}":[1]}`,
      'b/predict': answer.replace(was, is),
    });
    expect(end.text).toBe(answer);
  });

  test('a request in the place of an answer goes on as it is', async () => {
    const same = '{ "instances": [1] }';
    const end = await walked(chain, same, { protocol: 'tensorflow' });
    expect(end.sent).toEqual({ 'a/transform-input': same, 'b/predict': same });
  });

  test.each(['{"error":"x"}', '[1]', 'x', ''])(
    'what is neither is told, with the node that answered it: %j',
    async (answer) => {
      const end = walked(chain, { inputs: [] }, { nodes: { a: () => answer }, protocol: 'v2' });
      await expect(end).rejects.toMatchObject({
        code: 'PREDICTOR_ANSWER_UNUSABLE',
        message: expect.stringContaining(
          'the answer of node "a" (localhost:9000) has no "outputs"',
        ),
      });
    },
  );

  test("the caller's own request is the first node's to judge", async () => {
    const end = await walked(model('m'), '{"whatever":1}', { protocol: 'v2' });
    expect(end.sent['m/predict']).toBe('{"whatever":1}');
  });

  test('meta means nothing', async () => {
    const answer = '{"predictions":[],"meta":{"tags":{}}}';
    const nodes = { b: () => answer };
    const end = await walked(chain, { instances: [] }, { nodes, protocol: 'tensorflow' });
    expect(end.text).toBe(answer);
  });
});
