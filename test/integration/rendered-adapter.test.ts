/** What the controller puts beside a model starts, and answers, as a process of its own. */

import { expect, onTestFinished, test } from 'vitest';
import { parseSeldonDeployment } from '../../src/controller/render/parse.ts';
import { render } from '../../src/controller/render/render.ts';
import type { EnvVar, PodSpec } from '../../src/controller/render/seldon-deployment.ts';
import { defaultServerImages } from '../../src/controller/render/server-images.ts';
import { createIrisPredictor } from '../../src/demo/iris/predictor.ts';
import { spawnAdapter } from '../support/adapter-process.ts';
import { grpcAnswer, openGrpcPredictor } from '../support/grpc-predictor.ts';

/** The adapter's variables in the pod that is made of a resource, as the kubelet would set them. */
function adapterVariables(resource: unknown): Record<string, string> {
  const parsed = parseSeldonDeployment(resource);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { objects, problems } = render(parsed.sdep, {
    adapterImage: 'seldon-eventing',
    clusterDomain: 'cluster.local',
    httpPort: 8000,
    grpcPort: 5001,
    servers: defaultServerImages,
  });
  expect(problems).toEqual([]);
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('there is no Deployment');
  const { template } = deployment['spec'] as { template: { spec: PodSpec } };
  const adapter = template.spec.containers.find(({ name }) => name === 'seldon-container-engine');
  const textOf = ({ value, valueFrom }: EnvVar): string =>
    valueFrom === undefined ? (value ?? '') : parsed.sdep.metadata.namespace;
  return Object.fromEntries((adapter?.env ?? []).map((given) => [given.name, textOf(given)]));
}

const metadata = { name: 'iris-deployment', namespace: 'default' };
const typeMeta = { apiVersion: 'machinelearning.seldon.io/v1', kind: 'SeldonDeployment' };
const prepackaged = {
  implementation: 'SKLEARN_SERVER',
  modelUri: 'gs://seldon-models/sklearn/iris',
};
const ownContainer = [{ spec: { containers: [{ name: 'iris', image: 'iris:1' }] } }];

interface Case {
  readonly protocol: string;
  readonly predictor: object;
  readonly graph: object;
  readonly body: string;
  /** The field of an answer in which its prediction stands. */
  readonly answer: string;
}

const cases: readonly Case[] = [
  {
    protocol: 'seldon',
    predictor: {},
    graph: { name: 'classifier', ...prepackaged },
    body: '{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}',
    answer: 'data',
  },
  {
    protocol: 'tensorflow',
    predictor: { componentSpecs: ownContainer },
    graph: { name: 'iris' },
    body: '{"instances":[[5.1,3.5,1.4,0.2]]}',
    answer: 'predictions',
  },
  {
    protocol: 'v2',
    predictor: { componentSpecs: ownContainer },
    graph: { name: 'iris' },
    body: '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[5.1,3.5,1.4,0.2]}]}',
    answer: 'outputs',
  },
];

test.each(cases)('the adapter of a rendered pod answers an event ($protocol)', async (given) => {
  const model = await createIrisPredictor();
  onTestFinished(() => model.close());
  const graph = { ...given.graph, endpoint: { service_port: Number(new URL(model.url).port) } };
  const predictors = [{ name: 'default', ...given.predictor, graph }];
  const spec = { protocol: given.protocol, predictors };
  const variables = adapterVariables({ ...typeMeta, metadata, spec });
  const adapter = await spawnAdapter({ ...variables, HTTP_HOST: '127.0.0.1', HTTP_PORT: '0' });
  onTestFinished(() => adapter.end('SIGKILL').then(() => undefined));
  const answer = await fetch(`${adapter.url}/`, {
    method: 'POST',
    headers: {
      'ce-id': '1',
      'ce-specversion': '0.3',
      'ce-type': 'seldon.iris-deployment.default.request',
      'ce-source': 'curl',
      'content-type': 'application/json',
    },
    body: given.body,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('ce-type')).toBe('seldon.iris-deployment.default.response');
  expect(await answer.json()).toHaveProperty(given.answer);
  expect((await fetch(`${adapter.url}/prometheus`)).status).toBe(200);
});

test('the adapter of a rendered pod calls its model over gRPC where the transport says so', async () => {
  const predictor = await openGrpcPredictor();
  const graph = { name: 'iris', endpoint: { service_port: predictor.port, type: 'GRPC' } };
  const predictors = [{ name: 'default', componentSpecs: ownContainer, graph }];
  const spec = { protocol: 'seldon', transport: 'grpc', predictors };
  const variables = adapterVariables({ ...typeMeta, metadata, spec });
  expect(variables['GRPC_PORT']).toBe('5001');
  const free = { HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', GRPC_PORT: '0' };
  const adapter = await spawnAdapter({ ...variables, ...free });
  onTestFinished(() => adapter.end('SIGKILL').then(() => undefined));
  const answer = await fetch(`${adapter.url}/api/v1.0/predictions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'proto-name': 'seldon.protos.SeldonMessage',
    },
    body: Buffer.from([8, 1]),
  });
  expect(answer.status).toBe(200);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(grpcAnswer);
});
