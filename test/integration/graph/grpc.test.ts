/** Where graphs and gRPC meet: what is not done there is refused, and says so. */

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { ceHeaders, get, openAdapter, send } from '../../support/adapter.ts';
import { useGraphNodes } from '../../support/graph-nodes.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcPredictor } from '../../support/grpc-predictor.ts';

const json = { 'content-type': 'application/json' };
const feedback = '{"reward":1}';
const feedbackEvent = ceHeaders({ 'ce-type': 'seldon.iris.tests.feedback' });

describe('a model called over gRPC', () => {
  const predictor = useGrpcPredictor();

  test.each([
    ['on its path', '/api/v1.0/feedback', json],
    ['as an event', '/', feedbackEvent],
  ])('is given no feedback %s: it is refused with what to do', async (_, path, headers) => {
    const adapter = await openAdapter({ PREDICTOR_URL: predictor.url });
    const answer = await send(adapter.url + path, { headers, body: feedback });
    expect(answer.status).toBe(415);
    expect(answer.text).toMatch(/feedback is taken to models over REST alone/);
    expect((await get(`${adapter.url}/metrics`)).text).not.toMatch(/model_feedback_total\{/);
  });
});

describe('a graph', () => {
  const nodes = useGraphNodes();

  test('is not called for gRPC callers: UNIMPLEMENTED, and no node hears of it', async () => {
    const graph = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
    const engine = await nodes.engine(graph);
    const settings = { PREDICTOR_URL: '', ENGINE_PREDICTOR: engine, GRPC_PORT: '0' };
    const { grpcPort } = await openAdapter(settings);
    const call = openGrpcClient(grpcPort);
    const answer = await call('/seldon.protos.Seldon/Predict', Buffer.from([8, 1]));
    expect(answer.status).toBe('UNIMPLEMENTED');
    expect(nodes.calls).toEqual([]);
  });

  test('refuses protobufs as a predictor over REST does', async () => {
    const graph = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
    const engine = await nodes.engine(graph);
    const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    const headers = ceHeaders({ 'content-type': 'application/x-protobuf' });
    const answer = await send(adapter.url, { headers, body: '\u0001' });
    expect(answer.status).toBe(415);
    expect(nodes.calls).toEqual([]);
  });
});

describe('a model called over REST', () => {
  const nodes = useGraphNodes();

  test('takes feedback, and its metrics name the path', async () => {
    const containers = [{ name: 'm', image: 'localhost:5000/iris:0.1' }];
    const more = { componentSpecs: [{ spec: { containers } }] };
    const engine = await nodes.engine({ name: 'm' }, more);
    const adapter = await openAdapter({ PREDICTOR_URL: '', ENGINE_PREDICTOR: engine });
    const body = feedback;
    const answer = await send(`${adapter.url}/api/v1.0/feedback`, { headers: json, body });
    expect([answer.status, nodes.calls]).toEqual([200, ['m/send-feedback']]);
    expect(answer.headers['seldon-puid']).toMatch(/./);
    const { text } = await get(`${adapter.url}/metrics`);
    const labels = 'model_name="m",model_image="localhost:5000/iris",model_version="0.1"';
    expect(text).toContain(`service="/send-feedback",method="post",code="200",${labels}} 1`);
    expect(text).toMatch(new RegExp(`model_feedback_total\\{.*${labels}.*\\} 1`));
  });
});
