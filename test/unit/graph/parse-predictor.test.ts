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
          implementation: undefined,
          endpoint: { host: 'localhost', restPort: 9001, grpcPort: undefined, transport: 'rest' },
          children: [],
        },
      },
    });
  });

  test('keeps the whole tree, in order', () => {
    const child = (name: string) => ({ ...model, name });
    const { root } = graphOf({ name: 'ab', type: 'ROUTER', children: [child('a'), child('b')] });
    expect(root.type).toBe('ROUTER');
    expect(root.children.map(({ name }) => name)).toEqual(['a', 'b']);
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

  test.each([
    [{ ...model, children: [{ name: 'b' }] }, 'it has 2 nodes'],
    [{ ...model, type: 'ROUTER' }, 'ROUTER is not supported'],
    [{ ...model, implementation: 'SIMPLE_MODEL' }, 'SIMPLE_MODEL is not supported'],
    [{ name: 'bare' }, 'graph.endpoint'],
    [{ ...model, endpoint: { ...endpoint, service_host: 'a b' } }, 'service_host'],
  ])('is what is served; %j is refused', (graph, reason) => {
    expect(singleModelOf(graphOf(graph))).toEqual([expect.stringContaining(reason)]);
  });
});
