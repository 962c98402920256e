import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEnginePredictor } from '../../../src/graph/parse-predictor.ts';
import { singleModelOf } from '../../../src/graph/single-model.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const endpoint = { service_host: 'localhost', service_port: 9000, type: 'REST' };
const model = { name: 'classifier', type: 'MODEL', endpoint };
const graphOf = (graph: unknown) => {
  const parsed = parseEnginePredictor(encode({ name: 'default', graph }));
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.predictor;
};
const problemsOf = (text: string): readonly string[] => {
  const parsed = parseEnginePredictor(text);
  return parsed.ok ? [] : parsed.problems;
};

describe('ENGINE_PREDICTOR', () => {
  test('is read as Seldon writes it, line breaks and nulls and zeros of Go included', () => {
    const root = {
      ...model,
      implementation: 'UNKNOWN_IMPLEMENTATION',
      children: null,
      endpoint: { ...endpoint, httpPort: 9001, grpcPort: 0 },
    };
    const text = encode({ name: 'canary', graph: root, replicas: 1 }).replace(/(.{40})/g, '$1\n');
    expect(parseEnginePredictor(text)).toEqual({
      ok: true,
      predictor: {
        name: 'canary',
        root: {
          name: 'classifier',
          type: 'MODEL',
          methods: [],
          implementation: undefined,
          parameters: new Map(),
          endpoint: { host: 'localhost', restPort: 9001, grpcPort: undefined, transport: 'rest' },
          logger: undefined,
          children: [],
        },
        images: new Map(),
      },
      facts: { version: '', images: new Map() },
    });
  });

  test('keeps the whole tree, in order', () => {
    const child = (name: string) => ({ ...model, name });
    const { root } = graphOf({ name: 'ab', type: 'ROUTER', children: [child('a'), child('b')] });
    expect(root.type).toBe('ROUTER');
    expect(root.children.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('keeps methods, parameters, loggers and images', () => {
    const graph = {
      ...model,
      type: 'UNKNOWN_TYPE',
      methods: ['ROUTE', 'SEND_FEEDBACK'],
      parameters: [{ name: 'ratioA', value: '0.25', type: 'FLOAT' }],
      logger: { mode: 'Response', url: 'http://sink:80/log' },
    };
    const containers = [{ name: 'classifier', image: 'registry:5000/iris:0.1' }, { name: 'x' }];
    const componentSpecs = [{ spec: { containers } }, {}, { spec: null }];
    const parsed = parseEnginePredictor(encode({ graph, componentSpecs }));
    if (!parsed.ok) throw new Error(parsed.problems.join());
    expect(parsed.predictor.root).toMatchObject({
      type: undefined,
      methods: ['ROUTE', 'SEND_FEEDBACK'],
      parameters: new Map([['ratioA', '0.25']]),
      logger: { mode: 'response', url: new URL('http://sink:80/log') },
    });
    expect(parsed.predictor.images).toEqual(new Map([['classifier', 'registry:5000/iris:0.1']]));
  });

  test.each([
    [{}, 'MODEL'],
    [{ type: '' }, 'MODEL'],
    [{ methods: ['ROUTE'] }, undefined],
    [{ type: 'UNKNOWN_TYPE', methods: ['ROUTE'] }, undefined],
    [{ type: 'UNKNOWN_TYPE' }, undefined],
    [{ type: 'UNKNOWN_TYPE', implementation: 'SKLEARN_SERVER' }, 'MODEL'],
    [{ implementation: 'SKLEARN_SERVER' }, 'MODEL'],
  ])('has a type where none is given: %j', (fields, type) => {
    expect(graphOf({ name: 'n', ...fields }).root.type).toBe(type);
  });

  test('logs nothing where a logger has no mode, as Seldon', () => {
    expect(graphOf({ ...model, logger: { url: 'http://sink' } }).root.logger).toBeUndefined();
  });

  test('is refused with the faults of methods, parameters and loggers too', () => {
    const graph = {
      name: 'a/b',
      methods: ['ROUTE', 'FLY'],
      parameters: [{ value: '1' }],
      logger: { mode: 'loud', url: 'ftp://sink' },
    };
    expect(problemsOf(encode({ graph }))).toEqual([
      'graph.name: expected letters, digits and "._-"',
      expect.stringContaining('graph.methods: expected a list of TRANSFORM_INPUT'),
      'graph.parameters: expected a list of name, value and type',
      'graph.logger.mode: expected one of all, request, response',
      'graph.logger.url: expected an http:// or https:// URL',
    ]);
  });

  test('is refused with every fault and its field at once', () => {
    const graph = {
      type: 'MODLE',
      endpoint: { service_port: 70_000, grpcPort: 'x' },
      children: [{ name: 'a', children: {} }, 7, { name: 'a' }],
    };
    expect(problemsOf(encode({ graph }))).toEqual([
      "graph.name: expected the node's name",
      'graph.type: expected one of MODEL, TRANSFORMER, OUTPUT_TRANSFORMER, ROUTER, COMBINER',
      'graph.endpoint.service_port: expected a port',
      'graph.endpoint.grpcPort: expected a port',
      'graph.children[0].children: expected a list of nodes',
      'graph.children[1]: expected a node',
      'graph: two nodes are named "a"',
    ]);
  });

  test.each(['%%%', 'bnVsbA==', encode([1]), Buffer.from('{').toString('base64')])(
    'that is not the base64 of a JSON object is told as such: %s',
    (text) => expect(problemsOf(text)).toEqual(["expected the base64 of a predictor's JSON"]),
  );

  test('too deep to walk is refused, not walked', () => {
    let graph: unknown = { name: 'leaf' };
    for (let i = 0; i < 2_000; i += 1) graph = { name: `n${i}`, children: [graph] };
    expect(problemsOf(encode({ graph })).join()).toContain('the graph is too deep');
  });

  test('never throws, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.anything(), (text, graph) => {
        parseEnginePredictor(text);
        parseEnginePredictor(Buffer.from(text).toString('base64'));
        parseEnginePredictor(
          Buffer.from(`{"graph":${JSON.stringify(graph) ?? 1}}`).toString('base64'),
        );
      }),
    );
  });
});

describe('a graph of one model', () => {
  test('is called at its endpoint', () => {
    const single = singleModelOf(graphOf({ ...model, endpoint: { ...endpoint, httpPort: 9005 } }));
    expect(single).toEqual({
      model: 'classifier',
      transport: 'rest',
      restUrl: new URL('http://localhost:9005'),
      grpcUrl: undefined,
    });
  });

  test('may be a prepackaged server, and stand at an IPv6 address', () => {
    const at = { service_host: '::1', service_port: 9000 };
    const graph = { name: 'iris', implementation: 'SKLEARN_SERVER', endpoint: at };
    expect(singleModelOf(graphOf(graph))).toEqual({
      model: 'iris',
      transport: 'rest',
      restUrl: new URL('http://[::1]:9000'),
      grpcUrl: undefined,
    });
  });

  test('is called over gRPC where its endpoint says so', () => {
    const at = { service_host: '::1', service_port: 9500, httpPort: 9000, type: 'GRPC' };
    expect(singleModelOf(graphOf({ ...model, endpoint: at }))).toEqual({
      model: 'classifier',
      transport: 'grpc',
      restUrl: new URL('http://[::1]:9000'),
      grpcUrl: new URL('grpc://[::1]:9500'),
    });
  });

  test('takes feedback and has a logger like any other', () => {
    const graph = { ...model, methods: ['SEND_FEEDBACK'], logger: { mode: 'all' } };
    expect(singleModelOf(graphOf(graph))).toMatchObject({ model: 'classifier' });
  });

  test.each([
    { ...model, children: [{ name: 'b' }] },
    { ...model, type: 'ROUTER' },
    { ...model, methods: ['TRANSFORM_INPUT'] },
    { ...model, methods: ['TRANSFORM_OUTPUT'] },
    { ...model, implementation: 'SIMPLE_MODEL' },
  ])('is nothing else: %j is walked', (graph) => {
    expect(singleModelOf(graphOf(graph))).toBeUndefined();
  });
});
