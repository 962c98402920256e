/** Graphs over Kafka: records go through the nodes of a graph, and feedback to those it is about. */

import { describe, expect, test } from 'vitest';
import { useBroker } from '../../support/broker.ts';
import { type GraphSpec, useGraphNodes } from '../../support/graph-nodes.ts';
import { useGrpcGraphNodes } from '../../support/grpc-graph-nodes.ts';
import {
  eventRecord,
  eventually,
  isAscending,
  type KafkaCase,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { decodeSeldon, encodeSeldon, rowOf } from '../../support/seldon-protobuf.ts';

const broker = await useBroker();
const nodes = useGraphNodes();
const grpcNodes = useGrpcGraphNodes();

const router: GraphSpec = {
  name: 'r',
  type: 'ROUTER',
  children: [
    { name: 'a' },
    { name: 'c', type: 'COMBINER', children: [{ name: 'x' }, { name: 'y' }] },
  ],
};

describe.skipIf(broker.missing)('a graph behind the Kafka path', () => {
  const begin = useKafkaCases(broker);

  const open = async (graph: GraphSpec): Promise<KafkaCase> => {
    const c = await begin();
    const engine = await nodes.engine(graph);
    await c.start({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    return c;
  };

  test('answers records by all of its nodes, in the order of the input', async () => {
    nodes.answer['r'] = () => ({ body: [1] });
    const c = await open(router);
    await c.send(0, 40);
    await c.answered(40);
    expect(c.numbers(c.output).every(isAscending)).toBe(true);
    const [reply] = c.log.records(c.output);
    expect(JSON.parse(String(reply?.value))).toMatchObject({
      data: { names: ['x', 'c'] },
      meta: { routing: { r: 1, c: -1 }, requestPath: { r: '', c: '', x: '', y: '' } },
    });
    expect(nodes.calls.filter((call) => call === 'c/aggregate')).toHaveLength(40);
  });

  test('waits for a node that is away, loses nothing, and goes on when it is back', async () => {
    const graph = { name: 't', type: 'TRANSFORMER', children: [{ name: 'gone' }] };
    const c = await begin();
    const { url } = await c.start({
      PREDICTOR_URL: '',
      ENGINE_PREDICTOR: await nodes.engine(graph),
    });
    await c.send(0, 4);
    await c.answered(4);
    const port = nodes.port('gone');
    await nodes.stop('gone');
    await c.send(4, 10);
    await eventually('it is missed', async () => (await fetch(`${url}/readyz`)).status === 503);
    await nodes.restart('gone', port);
    await c.answered(10);
    expect(c.log.records(c.errors)).toHaveLength(0);
  });

  test('sends a record that a node refuses to the error topic, with the node', async () => {
    nodes.answer['c'] = ({ path }) => ({ status: path === '/aggregate' ? 400 : 200 });
    nodes.answer['r'] = () => ({ body: [1] });
    const c = await open(router);
    await c.send(0, 1);
    await untilWritten(c, 'errors', 1);
    const [record] = c.log.records(c.errors);
    expect(JSON.stringify(record?.headers)).toMatch(
      /node \\"c\\" \(127\.0\.0\.1:\d+\) at \/aggregate refused the payload with 400/,
    );
  });

  test('takes feedback events to the routed child, without an output', async () => {
    const c = await open(router);
    const feedback = JSON.stringify({ response: { meta: { routing: { r: 0 } } }, reward: 1 });
    const record = eventRecord(1, 2);
    const headers = { ...record.headers, ce_type: 'seldon.iris.default.feedback' };
    await c.produce([{ ...record, partition: 0, headers, value: feedback }]);
    await eventually('the router was told', () => nodes.calls.includes('r/send-feedback'));
    expect(nodes.calls).toEqual(['a/send-feedback', 'r/send-feedback']);
    expect(nodes.requests[0]?.text).toBe(feedback);
    await eventually('it is committed', async () => (await c.committed())[0] === 1);
    expect(c.log.records(c.output)).toHaveLength(0);
  });

  test('whose nodes are called over gRPC answers protobufs, and takes them as feedback', async () => {
    const ENGINE_PREDICTOR = await grpcNodes.engine({
      name: 'r',
      type: 'ROUTER',
      children: [{ name: 'a' }, { name: 'b' }],
    });
    grpcNodes.answer['r'] = () => encodeSeldon(rowOf(1));
    const c = await begin({ partitions: 1, environment: { PREDICTOR_URL: '', ENGINE_PREDICTOR } });
    const type = { 'content-type': 'application/x-protobuf' };
    const ce = { ce_specversion: '1.0', ce_id: '1', ce_source: 'test' };
    const feedback = encodeSeldon(
      { response: { meta: { routing: { r: 1 } } }, reward: 1 },
      'Feedback',
    );
    const ofFeedback = { ...type, ...ce, ce_protoname: 'seldon.protos.Feedback' };
    await c.produce([
      { value: feedback, headers: { ...ofFeedback, ce_type: 'seldon.iris.default.feedback' } },
      {
        value: encodeSeldon({ strData: 'x' }),
        headers: { ...type, 'proto-name': 'seldon.protos.SeldonMessage' },
      },
      {
        value: '{"reward":1}',
        headers: {
          ...ce,
          'content-type': 'application/json',
          ce_type: 'seldon.iris.default.feedback',
        },
      },
    ]);
    await c.start();
    await untilWritten(c, 'output', 1);
    await untilWritten(c, 'errors', 1);
    const [answer] = c.log.records(c.output);
    expect(answer?.headers).toMatchObject({ ...type, 'proto-name': 'seldon.protos.SeldonMessage' });
    expect(decodeSeldon(answer?.value ?? undefined)).toMatchObject({
      strData: 'x',
      meta: { routing: { r: 1 } },
    });
    const told = grpcNodes.requests.filter(({ path }) => path.endsWith('/SendFeedback'));
    expect(told.map(({ node, message }) => [node, message.equals(feedback)])).toEqual([
      ['b', true],
      ['r', true],
    ]);
  });
});
