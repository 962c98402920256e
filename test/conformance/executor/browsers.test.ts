/** Cross-origin requests, as Seldon's executor answers them. */

import { describe, expect, test } from 'vitest';
import {
  get,
  irisPayloads,
  openAdapter,
  predictionPaths,
  send,
  useAdapter,
} from '../../support/adapter.ts';

const page = { origin: 'https://page.example' };

describe('a page of another origin', () => {
  const adapter = useAdapter();

  test.each(['/', predictionPaths.seldon, '/api/v1.0/metadata', '/api/v1.0/status/x', '/readyz'])(
    'may ask whether it may call %s',
    async (path) => {
      const headers = { ...page, 'access-control-request-method': 'POST' };
      const answer = await send(`${adapter.url}${path}?x=1`, { method: 'OPTIONS', headers });
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, OPTIONS, POST',
        'access-control-allow-headers': expect.stringContaining('Content-Type'),
      });
    },
  );

  test.each([
    ['tensorflow', '/v1/models/iris:predict'],
    ['tensorflow', '/v1/models/iris/:predict'],
    ['tensorflow', '/v1/models/:predict'],
    ['tensorflow', '/v1/models/iris/metadata'],
    ['v2', '/v2/models/iris/versions/1/infer'],
    ['v2', '/v2/models/infer'],
    ['v2', '/v2'],
  ])('may do so for %s at %s', async (protocol, path) => {
    const other = await openAdapter({ SELDON_PROTOCOL: protocol });
    const answer = await send(`${other.url}${path}`, { method: 'OPTIONS', headers: page });
    expect(answer.status).toBe(200);
    // The other methods that are not taken are still refused by name.
    expect((await send(`${other.url}${path}`, { method: 'PUT' })).status).toBe(405);
  });

  test('finds nothing where there is nothing', async () => {
    const answer = await send(`${adapter.url}/nothing`, { method: 'OPTIONS', headers: page });
    expect(answer.status).toBe(404);
  });

  test('may read answers, failures too', async () => {
    const body = irisPayloads.seldon;
    const answers = [
      await send(`${adapter.url}${predictionPaths.seldon}`, { headers: page, body }),
      await send(`${adapter.url}${predictionPaths.seldon}`, { headers: page }),
      await send(`${adapter.url}/nothing`, { headers: page }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 404]);
    for (const { headers } of answers) expect(headers['access-control-allow-origin']).toBe('*');
  });

  test('is what these headers are for: nobody else gets them', async () => {
    const answer = await get(`${adapter.url}/readyz`);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

test.each([
  ['https://page.example', 200, 'https://page.example'],
  ['none', 200, undefined],
])('CORS_ORIGIN %s decides who may', async (origin, status, allowed) => {
  const adapter = await openAdapter({ CORS_ORIGIN: origin });
  const preflight = await send(`${adapter.url}/`, { method: 'OPTIONS', headers: page });
  expect(preflight.status).toBe(status);
  expect(preflight.headers['access-control-allow-origin']).toBe(allowed);
});
