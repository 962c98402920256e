/** The metrics that dashboards of Seldon's users are built on: names, labels and buckets. */

import { expect, test } from 'vitest';
import { get, irisPayloads, openAdapter, send, type TestAdapter } from '../../support/adapter.ts';
import { enginePredictor } from '../../support/seldon-operator.ts';

const server = 'seldon_api_executor_server_requests_seconds';
const client = 'seldon_api_executor_client_requests_seconds';

/** Those of the executor, and the label of a bucket. */
const serverLabels = [
  'code',
  'deployment_name',
  'method',
  'predictor_name',
  'predictor_version',
  'service',
];
const clientLabels = [...serverLabels, 'model_image', 'model_name', 'model_version'].sort();
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function samplesOf(adapter: TestAdapter): Promise<Sample[]> {
  const { text } = await get(`${adapter.url}/prometheus`);
  return text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, k = '', v = '']) => [k, v]);
    return value === undefined
      ? []
      : [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

const counted = (samples: readonly Sample[], name: string) =>
  samples
    .filter((sample) => sample.name === `${name}_count`)
    .map(
      ({ labels, value }) => `${labels['service']} ${labels['method']} ${labels['code']} ${value}`,
    )
    .sort();

/** An adapter told of its predictor as Seldon's operator does, in front of a real one. */
async function openEngine(): Promise<TestAdapter> {
  const model = await openAdapter({});
  const entry = enginePredictor({ modelPort: model.iris.port });
  const adapter = await openAdapter({
    PREDICTOR_URL: '',
    MODEL_NAME: '',
    PREDICTOR_ID: 'default',
    ENGINE_PREDICTOR: Buffer.from(JSON.stringify(entry)).toString('base64'),
  });
  return { ...adapter, iris: model.iris };
}

test("names, labels and buckets are the executor's", async () => {
  const adapter = await openEngine();
  await send(`${adapter.url}/api/v1.0/predictions`, { body: irisPayloads.seldon });
  const samples = await samplesOf(adapter);
  const labelsOf = (name: string) =>
    new Set(
      samples
        .filter((one) => one.name === name)
        .map((one) => Object.keys(one.labels).sort().join()),
    );
  for (const [name, labels] of [
    [server, serverLabels],
    [client, clientLabels],
  ] as const) {
    expect([...labelsOf(`${name}_count`)]).toEqual([labels.join()]);
    expect([...labelsOf(`${name}_sum`)]).toEqual([labels.join()]);
    expect([...labelsOf(`${name}_bucket`)]).toEqual([[...labels, 'le'].sort().join()]);
    const bounds = samples
      .filter((one) => one.name === `${name}_bucket`)
      .map((one) => one.labels['le']);
    expect(bounds).toEqual([...buckets.map(String), '+Inf']);
  }
  const common = {
    deployment_name: 'iris',
    predictor_name: 'default',
    predictor_version: 'v3',
    method: 'post',
    code: '200',
  };
  const labels = (name: string) => samples.find((one) => one.name === `${name}_count`)?.labels;
  expect(labels(server)).toEqual({ ...common, service: 'predictions' });
  expect(labels(client)).toEqual({
    ...common,
    service: '/predict',
    model_name: 'classifier',
    model_image: 'seldonio/sklearnserver',
    model_version: '1.18.2',
  });
});

test('every answer is counted under its service, method and code, refusals too', async () => {
  const adapter = await openEngine();
  const predictions = `${adapter.url}/api/v1.0/predictions`;
  await send(predictions, { body: irisPayloads.seldon });
  await send(predictions, { body: '{"x":1}' });
  await send(predictions);
  await send(`${adapter.url}/`, { body: '{}' });
  adapter.iris.faults.status = 500;
  await send(predictions, { body: irisPayloads.seldon });
  adapter.iris.faults.reset = true;
  await send(predictions, { body: irisPayloads.seldon });
  await get(`${adapter.url}/api/v1.0/status`);
  await get(`${adapter.url}/api/v1.0/metadata/classifier`);
  await get(`${adapter.url}/api/v1.0/metadata/other`);
  const samples = await samplesOf(adapter);
  expect(counted(samples, server)).toEqual([
    'metadata get 200 1',
    'metadata get 404 1',
    'predictions post 200 1',
    'predictions post 400 3',
    'predictions post 500 1',
    'predictions post 502 1',
    'status get 200 1',
  ]);
  expect(counted(samples, client)).toEqual([
    '/health/status get 200 1',
    '/metadata get 200 1',
    '/predict post 200 1',
    '/predict post 400 1',
    '/predict post 500 1',
    '/predict post PREDICTOR_FAILED 1',
  ]);
});

test('a body that is too large is counted, though nobody reads it', async () => {
  const adapter = await openAdapter({ MAX_BODY_BYTES: '10' });
  await send(`${adapter.url}/api/v1.0/predictions`, { body: 'x'.repeat(11) });
  await send(`${adapter.url}/api/v1.0/feedback`, { body: 'x'.repeat(11) });
  expect(counted(await samplesOf(adapter), server)).toEqual([
    'feedback post 413 1',
    'predictions post 413 1',
  ]);
});

test('names that callers think of do not become labels', async () => {
  const adapter = await openAdapter({ SELDON_PROTOCOL: 'v2' });
  for (let i = 0; i < 20; i += 1) {
    await send(`${adapter.url}/v2/models/m${i}/infer`, { body: irisPayloads.v2 });
    await get(`${adapter.url}/v2/models/m${i}`);
  }
  await send(`${adapter.url}/v2/models/infer`, { body: irisPayloads.v2 });
  expect(counted(await samplesOf(adapter), client)).toEqual([
    '/v2/models/iris/infer post 200 1',
    'other get 200 20',
    'other post 200 20',
  ]);
});
