/** Liveness, readiness and metrics. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  eventually,
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  protocolNames,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter({ SELDON_PROTOCOL: protocol });
  const readyStatus = async (): Promise<number> => (await get(`${adapter.url}/readyz`)).status;

  test('follows the readiness of its predictor, both ways; liveness does not', async () => {
    await eventually(async () => (await readyStatus()) === 200);
    adapter.iris.faults.notReady = true;
    await eventually(async () => (await readyStatus()) === 503);
    for (const path of ['/livez', '/live']) {
      expect((await get(adapter.url + path)).status).toBe(200);
    }
    delete adapter.iris.faults.notReady;
    await eventually(async () => (await readyStatus()) === 200);
  });

  test('is not ready while the model is loading', async () => {
    adapter.iris.faults.loading = true;
    await eventually(async () => (await readyStatus()) === 503);
    delete adapter.iris.faults.loading;
    await eventually(async () => (await readyStatus()) === 200);
  });

  test('/ready says the same as /readyz, and both say why', async () => {
    adapter.iris.faults.notReady = true;
    await eventually(async () => (await readyStatus()) === 503);
    for (const path of ['/readyz', '/ready']) {
      const answer = await get(adapter.url + path);
      expect(answer.status).toBe(503);
      expect(answer.json()).toEqual({
        ready: false,
        parts: { process: 'serving', predictor: expect.stringContaining('answered 503') },
      });
    }
  });
});

describe('readiness by the status of the health route', () => {
  const predictor = useRecordingPredictor();

  test.each([
    ['seldon', [200, 204, 404, 405], [500, 503]],
    ['tensorflow', [200], [404, 500, 503]],
    ['v2', [200], [400, 404, 500, 503]],
  ] as const)('%s: ready at %j, not at %j', async (SELDON_PROTOCOL, ready, notReady) => {
    const adapter = await openAdapter({ SELDON_PROTOCOL, PREDICTOR_URL: predictor.url });
    const told = (status: number) => async (): Promise<boolean> => {
      const { parts } = (await get(`${adapter.url}/readyz`)).json<{
        parts: { predictor: string };
      }>();
      return parts.predictor.includes(`answered ${status}`);
    };
    for (const status of [...ready, ...notReady]) {
      predictor.health = status;
      await eventually(told(status));
      const answer = await get(`${adapter.url}/readyz`);
      expect([status, answer.status]).toEqual([
        status,
        ready.some((s) => s === status) ? 200 : 503,
      ]);
    }
  });
});

test('predictions are tried whatever readiness says: it is for the Service, not for callers', async () => {
  const adapter = await openAdapter();
  adapter.iris.faults.notReady = true;
  await eventually(async () => (await get(`${adapter.url}/readyz`)).status === 503);
  const answer = await send(adapter.url, { headers: ceHeaders(), body: irisPayloads.seldon });
  expect(answer.status).toBe(200);
});

describe('metrics', () => {
  test("have the names that Seldon's dashboards are built on, with deployment and predictor", async () => {
    const adapter = await openAdapter({ PREDICTOR_ID: 'main' });
    const event = { headers: ceHeaders(), body: irisPayloads.seldon };
    await send(adapter.url, event);
    await send(adapter.url + predictionPaths.seldon, { body: irisPayloads.seldon });
    adapter.iris.faults.status = 500;
    await send(adapter.url, event);
    const answer = await get(`${adapter.url}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const count = (name: string, labels: Record<string, string>): number => {
      const line = answer.text
        .split('\n')
        .find(
          (l) =>
            l.startsWith(`${name}_count{`) &&
            Object.entries(labels).every(([k, v]) => l.includes(`${k}="${v}"`)),
        );
      return Number(line?.split(' ')[1] ?? 0);
    };
    const identity = { deployment_name: 'iris', predictor_name: 'main', method: 'post' };
    const server = 'seldon_api_executor_server_requests_seconds';
    const client = 'seldon_api_executor_client_requests_seconds';
    expect(count(server, { ...identity, service: 'predictions', code: '200' })).toBe(2);
    expect(count(server, { ...identity, service: 'predictions', code: '502' })).toBe(1);
    expect(count(client, { ...identity, code: '200' })).toBe(2);
    expect(count(client, { ...identity, code: '500' })).toBe(1);
    expect(answer.text).toContain(`${server}_bucket{le="0.005"`);
    expect(answer.text).toContain(`# TYPE ${server} histogram`);
  });

  test.each(['/numbers', '/metrics', '/prometheus'])(
    'are at METRICS_PATH, %s, and where Prometheus and Seldon look for them',
    async (path) => {
      const adapter = await openAdapter({ METRICS_PATH: path });
      for (const at of [path, '/metrics', '/prometheus']) {
        expect((await get(`${adapter.url}${at}`)).status).toBe(200);
      }
    },
  );
});
