import { describe, expect, test } from 'vitest';
import { problemsOf, seldonOnly } from '../../../src/graph/check.ts';
import { type NodeSpec, parsed } from './graph-case.ts';

const found = (spec: NodeSpec) => problemsOf(parsed(spec));
const child = { name: 'm' };
const nowhere = { endpoint: null };
const grpcEndpoint = { service_host: 'h', service_port: 1, type: 'GRPC' };

describe('a graph is refused at the start', () => {
  test.each<[NodeSpec, string]>([
    [{ name: 'n', ...nowhere }, 'graph.endpoint: expected service_host and httpPort'],
    [{ name: 'n', ...nowhere }, 'httpPort or grpcPort (or service_port)'],
    [
      { name: 'n', endpoint: { ...grpcEndpoint, service_host: 'a b' } },
      'graph.endpoint.service_host: expected a host name',
    ],
    [
      { name: 'n', endpoint: { service_host: 'a b', service_port: 1 } },
      'graph.endpoint.service_host: expected a host name',
    ],
    [
      { name: 'n', children: [{ name: 'a' }, { name: 'b', ...nowhere }] },
      'graph.children[1].endpoint: expected',
    ],
    [{ name: 'n', type: 'UNKNOWN_TYPE' }, 'graph.type: UNKNOWN_TYPE does nothing; give "n"'],
    [{ name: 'n', type: 'ROUTER' }, 'graph.children: "n" is a router and needs'],
    [{ name: 'n', type: 'COMBINER' }, 'graph.children: "n" is a combiner and needs'],
    [
      { name: 'n', implementation: 'AVERAGE_COMBINER' },
      'graph.children: "n" is a AVERAGE_COMBINER and needs',
    ],
    [
      { name: 'n', implementation: 'RANDOM_ABTEST', children: [child] },
      'graph.children: RANDOM_ABTEST chooses between 2, found 1',
    ],
  ])('%j', (spec, problem) => expect(found(spec)).toEqual([expect.stringContaining(problem)]));

  test.each(['', 'half', '1.5', '-0.1'])('with a ratioA that is no share: %j', (value) => {
    const children = [child, { name: 'o' }];
    const parameters = [{ name: 'ratioA', value }];
    const spec = { name: 'n', implementation: 'RANDOM_ABTEST', children, parameters };
    expect(found(spec)).toEqual(['graph.parameters: ratioA: expected a number from 0 to 1']);
  });

  test('with all that is wrong, at every depth, at once', () => {
    const children = [
      { name: 'a', type: 'ROUTER', ...nowhere },
      { name: 'b', ...nowhere },
    ];
    expect(found({ name: 'n', type: 'UNKNOWN_TYPE', children })).toHaveLength(4);
  });
});

describe('a graph is taken', () => {
  test.each<NodeSpec>([
    { name: 'n', endpoint: grpcEndpoint },
    { name: 'n', type: 'TRANSFORMER', endpoint: grpcEndpoint, children: [child] },
    { name: 'n', implementation: 'SIMPLE_MODEL', ...nowhere },
    { name: 'n', implementation: 'SIMPLE_ROUTER', ...nowhere, children: [child] },
    { name: 'n', type: 'UNKNOWN_TYPE', methods: ['SEND_FEEDBACK'], children: [child] },
  ])('%j', (spec) => expect(found(spec)).toEqual([]));

  test('and says which of its units know one protocol alone', () => {
    const children = [{ name: 's', implementation: 'SIMPLE_MODEL' }, child];
    const spec = { name: 'n', implementation: 'AVERAGE_COMBINER', children };
    expect(seldonOnly(parsed(spec))).toEqual(['AVERAGE_COMBINER', 'SIMPLE_MODEL']);
  });
});
