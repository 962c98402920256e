/** The status and metadata routes of a graph of several nodes, over REST. */

import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { get, openAdapter, send } from '../../support/adapter.ts';
import { type GraphSpec, useGraphNodes } from '../../support/graph-nodes.ts';

const nodes = useGraphNodes();
const graph: GraphSpec = {
  name: 'out',
  type: 'OUTPUT_TRANSFORMER',
  children: [
    {
      name: 'ab',
      implementation: 'RANDOM_ABTEST',
      children: [{ name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] }, { name: 'n' }],
    },
  ],
};
const all = ['out', 't', 'm', 'n'];

const open = async (settings = {}, spec = graph) =>
  openAdapter({
    PREDICTOR_URL: '',
    ENGINE_PREDICTOR: await nodes.engine(spec),
    PREDICTOR_ID: 'main',
    ...settings,
  });

/** Lets every node say who it is, and on which path. */
function introduce(): { readonly path: string; readonly headers: IncomingHttpHeaders }[] {
  const asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  for (const name of all) {
    nodes.about[name] = ({ path, headers }) => {
      if (!path.startsWith('/health')) asked.push({ path: name + path, headers });
      return { body: { name, path, inputs: [`${name} in`], outputs: [`${name} out`] } };
    };
  }
  return asked;
}

describe('a question about a node', () => {
  test.each([
    ['/api/v0.1/status/t', '/health/status'],
    ['/api/v1.0/status/t', '/health/status'],
    ['/api/v0.1/metadata/t', '/metadata'],
    ['/api/v1.0/metadata/t', '/metadata'],
  ])('GET %s is answered by it, with what it says', async (path, asked) => {
    const adapter = await open();
    introduce();
    const answer = await get(adapter.url + path);
    expect([answer.status, answer.json()]).toMatchObject([200, { name: 't', path: asked }]);
    nodes.about['t'] = () => ({ status: 418, body: 'no', headers: { 'Content-Type': 'a/b' } });
    const refused = await get(adapter.url + path);
    expect([refused.status, refused.text, refused.headers['content-type']]).toEqual([
      418,
      'no',
      'a/b',
    ]);
  });

  test('takes the headers along, and is counted for the node', async () => {
    const adapter = await open();
    const asked = introduce();
    const headers = { 'x-custom': 'mine', 'seldon-puid': 'p-1' };
    const url = `${adapter.url}/api/v1.0/metadata/m`;
    const answer = await send(url, { method: 'GET', headers });
    expect(answer.headers['seldon-puid']).toBe('p-1');
    expect(asked).toMatchObject([{ path: 'm/metadata', headers }]);
    const { text } = await get(`${adapter.url}/metrics`);
    expect(text).toMatch(
      /client_requests_seconds_count\{.*service="\/metadata",method="get",code="200",model_name="m"/,
    );
  });

  test.each(['ab', 'other'])('that has no service of its own, %s, is 404', async (name) => {
    const adapter = await open();
    const answer = await get(`${adapter.url}/api/v1.0/status/${name}`);
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('it has \\"out\\", \\"t\\", \\"m\\", \\"n\\"');
  });

  test('that cannot be reached names it', async () => {
    const adapter = await open();
    await nodes.stop('m');
    const answer = await get(`${adapter.url}/api/v1.0/metadata/m`);
    expect([answer.status, answer.text]).toEqual([502, expect.stringContaining('node \\"m\\"')]);
  });

  test.each([
    ['v2', '/v2/models/m'],
    ['v2', '/v2/models/m/ready'],
    ['tensorflow', '/v1/models/m'],
    ['tensorflow', '/v1/models/m/metadata'],
    ['tensorflow', '/v1/models/m/versions/2'],
  ])('of the protocol %s at %s goes to the node that the path names', async (protocol, path) => {
    const spec = { name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] };
    const adapter = await open({ SELDON_PROTOCOL: protocol }, spec);
    introduce();
    expect((await get(adapter.url + path)).json()).toMatchObject({ name: 'm', path });
    expect((await get(adapter.url + path.replace('/m', '/x'))).status).toBe(404);
  });
});

describe('metadata of a graph', () => {
  test('is that of all its nodes, with what goes in and comes out', async () => {
    const adapter = await open();
    introduce();
    const answer = await get(`${adapter.url}/api/v1.0/metadata`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    const told = answer.json<{ models: Record<string, object> }>();
    expect(told).toMatchObject({ name: 'main', graphinputs: ['t in'], graphoutputs: ['out out'] });
    expect(Object.keys(told.models)).toEqual(all);
    expect(told.models['n']).toMatchObject({ name: 'n', path: '/metadata' });
  });

  test.each<[string, GraphSpec, string, string]>([
    ['a model before another', { name: 't', children: [{ name: 'm' }] }, 't in', 'm out'],
    [
      'a router: its first child',
      { name: 't', type: 'ROUTER', children: [{ name: 'm' }, { name: 'n' }] },
      'm in',
      'm out',
    ],
    [
      'a combiner',
      { name: 't', type: 'COMBINER', children: [{ name: 'm' }, { name: 'n' }] },
      'm in',
      't out',
    ],
    [
      'one that does both',
      { name: 't', type: 'TRANSFORMER', methods: ['TRANSFORM_OUTPUT'], children: [{ name: 'm' }] },
      't in',
      't out',
    ],
  ])('has the ends of %s', async (_, spec, inputs, outputs) => {
    const adapter = await open({}, spec);
    introduce();
    const answer = await get(`${adapter.url}/api/v1.0/metadata`);
    expect(answer.json()).toMatchObject({ graphinputs: [inputs], graphoutputs: [outputs] });
  });

  test('that a node refuses is that refusal: the first in the graph', async () => {
    const adapter = await open();
    introduce();
    nodes.about['m'] = () => ({ status: 404, body: 'm has none' });
    nodes.about['n'] = () => ({ status: 500, body: 'n is broken' });
    const answer = await get(`${adapter.url}/api/v1.0/metadata`);
    expect([answer.status, answer.text]).toEqual([404, 'm has none']);
  });

  test('that is no JSON object is 502, and whose it is', async () => {
    const adapter = await open();
    introduce();
    nodes.about['n'] = () => ({ body: '[]' });
    const answer = await get(`${adapter.url}/api/v1.0/metadata`);
    expect(answer.status).toBe(502);
    expect(answer.text).toContain('metadata of node \\"n\\"');
  });
});

describe('the status of a graph', () => {
  test.each(['/api/v1.0/status', '/api/v1.0/health/status'])(
    'at %s is good where that of all nodes is',
    async (path) => {
      const adapter = await open();
      introduce();
      expect((await get(adapter.url + path)).status).toBe(200);
      nodes.about['n'] = () => ({ status: 503, body: 'loading' });
      const answer = await get(adapter.url + path);
      expect([answer.status, answer.text]).toEqual([503, 'loading']);
    },
  );

  test('of nothing but built-in units is nobody’s', async () => {
    const adapter = await open({}, { name: 's', implementation: 'SIMPLE_MODEL' });
    expect((await get(`${adapter.url}/api/v1.0/status`)).status).toBe(404);
    expect((await get(`${adapter.url}/api/v1.0/doc/seldon.json`)).status).toBe(200);
  });
});
