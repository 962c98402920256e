/** The image, started as Seldon's operator starts its executor's, answers as that did. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createIrisPredictor } from '../../src/demo/iris/predictor.ts';
import { eventually, get, irisPayloads, predictionPaths, send } from '../support/adapter.ts';
import { spawnAdapter } from '../support/adapter-process.ts';
import { type EngineOptions, engineContainer } from '../support/seldon-operator.ts';

const kafka = {
  KAFKA_BROKER: '127.0.0.1:1',
  KAFKA_INPUT_TOPIC: 'in',
  KAFKA_OUTPUT_TOPIC: 'out',
};

async function startEngine(options: EngineOptions, more: readonly string[] = []) {
  const model = await createIrisPredictor({ host: 'localhost' });
  onTestFinished(() => model.close());
  const { args, env } = engineContainer({
    httpPort: 0,
    grpcPort: 0,
    modelPort: model.port,
    ...options,
  });
  const adapter = await spawnAdapter(env, [...args, ...more]);
  onTestFinished(() => adapter.end('SIGKILL').then(() => undefined));
  return { adapter, model };
}

test.each([
  ['seldon', 'seldon'],
  ['tensorflow', 'tensorflow'],
  ['v2', 'v2'],
  ['kfserving', 'v2'],
] as const)('%s (%s): predictions, probes and metrics', async (protocol, spoken) => {
  const { adapter } = await startEngine({ protocol });
  const path = predictionPaths[spoken].replace('iris', 'classifier');
  const answer = await send(`${adapter.url}${path}`, { body: irisPayloads[spoken] });
  expect(answer.status).toBe(200);
  await eventually(async () => (await get(`${adapter.url}/ready`)).status === 200);
  expect((await get(`${adapter.url}/live`)).status).toBe(200);
  expect((await get(`${adapter.url}/prometheus`)).text).toContain('predictor_version="v3"');
  expect(adapter.output()).not.toContain('"level":40');
  expect(await adapter.end('SIGTERM')).toBe(0);
});

test('an endpoint of type GRPC: it starts, and JSON is refused with a reason', async () => {
  const { adapter } = await startEngine({ endpointType: 'GRPC' });
  expect((await get(`${adapter.url}/live`)).status).toBe(200);
  const body = irisPayloads.seldon;
  const answer = await send(`${adapter.url}${predictionPaths.seldon}`, { body });
  expect(answer.status).toBe(415);
  expect(answer.json()).toMatchObject({ status: { status: 'FAILURE' } });
});

test('server type kafka: it starts, and waits for its broker', async () => {
  const { adapter } = await startEngine({ serverType: 'kafka', env: kafka });
  expect((await get(`${adapter.url}/live`)).status).toBe(200);
  expect((await get(`${adapter.url}/ready`)).status).toBe(503);
  const body = irisPayloads.seldon;
  expect((await send(`${adapter.url}${predictionPaths.seldon}`, { body })).status).toBe(200);
});

test('the timeout in its annotations counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podinfo-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'annotations');
  await writeFile(file, 'a="x=y"\nseldon.io/rest-timeout="50"\nseldon.io/grpc-timeout="x"\n');
  const { adapter, model } = await startEngine({ env: { POD_ANNOTATIONS_FILE: file } });
  model.faults.hang = true;
  const answer = await send(`${adapter.url}${predictionPaths.seldon}`, {
    body: irisPayloads.seldon,
  });
  expect(answer.status).toBe(504);
  expect(answer.text).toContain('within 50 ms');
});

test.each(['yaml', 'json'])('--file reads a SeldonDeployment in %s', async (form) => {
  const model = await createIrisPredictor();
  onTestFinished(() => model.close());
  const folder = await mkdtemp(join(tmpdir(), 'sdep-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const graph = `{"name": "m", "endpoint": {"service_host": "127.0.0.1", "service_port": ${model.port}}}`;
  const text =
    form === 'json'
      ? `{"apiVersion":"machinelearning.seldon.io/v1","kind":"SeldonDeployment","metadata":{"name":"iris"},"spec":{"predictors":[{"name":"main","graph":${graph}}]}}`
      : `apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nmetadata:\n  name: iris\nspec:\n  predictors:\n  - name: main\n    graph: ${graph}\n`;
  const file = join(folder, `sdep.${form}`);
  await writeFile(file, text);
  const adapter = await spawnAdapter({}, ['--sdep', 'iris', '-predictor=main', '--file', file]);
  onTestFinished(() => adapter.end('SIGKILL').then(() => undefined));
  const answer = await send(`${adapter.url}${predictionPaths.seldon}`, {
    body: irisPayloads.seldon,
  });
  expect(answer.status).toBe(200);
});
