/** What the page asks for beside the stream, and who is answered. */

import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Display } from '../../../src/display/server.ts';
import { openViewer, post, startDisplay } from '../../support/display-case.ts';

const opened: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const part of opened.splice(0).reverse()) await part.close();
});

async function start(...given: Parameters<typeof startDisplay>): Promise<Display> {
  const display = await startDisplay(...given);
  opened.push(display);
  return display;
}

async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  opened.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

/** Unlike fetch it sends any Host. */
const ask = (url: string, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url + path, { method, headers, agent: false }, (response) => {
      response.destroy();
      resolve(response);
    });
    asked.on('error', reject).end();
  });

const files = ['page.css', 'page.js', 'icon.svg', 'connection.js', 'event-list.js', 'dom.js'];
const paths = [
  '/',
  '/page/events',
  '/page/export',
  '/page/payload/1',
  ...files.map((name) => `/page/${name}`),
];

describe('the page', () => {
  test('comes with every file that it names, and with headers that keep others out', async () => {
    const { url } = await start();
    const html = await (await fetch(url)).text();
    const named = [...html.matchAll(/(?:src|href)="(\/page\/[^"]+\.\w+)"/g)].map(
      ([, path]) => path,
    );
    expect(named).toContain('/page/page.js');
    const imported = new Set(['/', ...named]);
    for (const path of imported) {
      const response = await fetch(url + path);
      expect(response.status).toBe(200);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|http:|https:|data:/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      for (const [, name] of (await response.text()).matchAll(/from '\.\/([\w-]+\.js)'/g)) {
        imported.add(`/page/${name}`);
      }
    }
    expect(imported.size).toBeGreaterThan(8);
  });

  test('has no script, style or handler in its HTML, and nothing from elsewhere', async () => {
    const { url } = await start();
    const html = await (await fetch(url)).text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:\/\/(?!127)/i);
  });

  test('is not there where it was not asked for; events are taken all the same', async () => {
    const display = await start();
    await display.close();
    const { createDisplay } = await import('../../../src/display/server.ts');
    const plain = await createDisplay({
      host: '127.0.0.1',
      port: 0,
      print() {},
      maxBodyBytes: 1000,
    });
    opened.push(plain);
    for (const path of ['/', '/page/events'])
      expect((await fetch(plain.url + path)).status).toBe(404);
    expect((await post(plain.url, { id: '1' })).status).toBe(202);
  });

  test.each(paths)('is refused at %s to who asks by a foreign name', async (path) => {
    const { url } = await start();
    const response = await ask(url, path, { host: 'evil.example' });
    expect(response.statusCode).toBe(403);
    expect(response.headers['content-type']).toContain('application/problem+json');
  });

  test('is refused through a proxy, and taken by the names that the settings give', async () => {
    const { url } = await start();
    expect((await ask(url, '/', { 'x-forwarded-for': '10.0.0.1' })).statusCode).toBe(403);
    const named = await start({ hosts: ['events.example.com'] });
    const headers = { host: 'events.example.com', 'x-forwarded-for': '10.0.0.1' };
    expect((await ask(named.url, '/', headers)).statusCode).toBe(200);
  });

  test('may be opened from another site, but gives it nothing', async () => {
    const { url } = await start();
    const headers = { 'sec-fetch-site': 'cross-site' };
    for (const path of paths) {
      expect((await ask(url, path, headers)).statusCode).toBe(path === '/' ? 200 : 403);
    }
  });

  test('takes no place of a viewer for HEAD', async () => {
    const { url } = await start();
    for (let n = 0; n < 40; n += 1) await ask(url, '/page/events', {}, 'HEAD');
    const viewer = await openViewer(url);
    expect(viewer.status).toBe(200);
    await viewer.close();
  });
});

describe('events are taken', () => {
  test.each([{ host: 'event-display.default.svc' }, { 'x-forwarded-for': '1.2.3.4' }])(
    'from anybody, by any name: %j',
    async (extra) => {
      const { url } = await start();
      const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-type': 't', 'ce-source': 's' };
      expect((await ask(url, '/any/path', { ...headers, ...extra }, 'POST')).statusCode).toBe(202);
    },
  );
});

describe('the export', () => {
  test('is one CloudEvent a line, whatever is in it, from a number on', async () => {
    const { url } = await start();
    await post(url, { id: '1', data: '{\n  "a": "x\\ny",\r\n "n": 12345678901234567890 }' });
    await post(url, { id: '2', data: 'text\nwith lines', contentType: 'text/plain' });
    await post(url, { id: '3', data: Uint8Array.from([0xff, 0]), contentType: 'image/png' });
    await post(url, { id: '4' });
    const response = await fetch(`${url}/page/export`);
    expect(response.headers.get('content-disposition')).toContain('attachment');
    const text = await response.text();
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { id: '1', data: { a: 'x\ny' } },
      { id: '2', data: 'text\nwith lines' },
      { id: '3', data_base64: '/wA=' },
      { id: '4', specversion: '1.0', type: 't', source: 's' },
    ]);
    expect(lines[0]).toContain('12345678901234567890');
    const rest = await (await fetch(`${url}/page/export?after=3`)).text();
    expect(
      rest
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['4']);
    for (const after of ['99', '-1', 'x', '1&after=2', '1e999']) {
      expect((await fetch(`${url}/page/export?after=${after}`)).status).toBe(200);
    }
  });
});

describe('a payload', () => {
  test('is given as it came, and never as something that a browser would show', async () => {
    const { url } = await start({ maxEvents: 2 });
    const data = '<script>alert(1)</script>';
    await post(url, { id: '1', data: 'old', contentType: 'text/plain' });
    await post(url, { id: '2', data, contentType: 'text/html' });
    await post(url, { id: '3' });
    const response = await fetch(`${url}/page/payload/2`);
    expect(await response.text()).toBe(data);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toContain('attachment');
    for (const number of ['1', '3', '4', '0', '-1', 'x', '1.5', '__proto__']) {
      expect((await fetch(`${url}/page/payload/${number}`)).status).toBe(404);
    }
  });
});

describe('sending', () => {
  const form = {
    type: 't',
    source: 's',
    id: 'sent',
    data: '{"a":1}',
    datacontenttype: 'application/json',
  };
  const send = (
    url: string,
    sink: string,
    body: unknown = form,
    headers: Record<string, string> = {},
  ) =>
    fetch(`${url}/page/sinks/${sink}`, {
      method: 'POST',
      headers: { origin: url, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  test('brings the event to the sink, and its answer back, both shown', async () => {
    let received: { headers: IncomingMessage['headers']; body: string } | undefined;
    const sink = await serve(async (asked, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of asked) chunks.push(chunk);
      received = { headers: asked.headers, body: Buffer.concat(chunks).toString() };
      response.writeHead(200, 'Fine', { 'ce-id': 'reply', 'content-type': 'application/json' });
      response.end('{"ok":true}');
    });
    const { url } = await start({ sinks: () => [{ name: 'adapter', url: sink }] });
    const viewer = await openViewer(url);
    const response = await send(url, 'adapter');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      id: 'sent',
      status: 200,
      statusText: 'Fine',
      headers: expect.arrayContaining([['ce-id', 'reply']]),
      body: { form: 'text', text: '{\n  "ok": true\n}' },
    });
    expect(received).toMatchObject({
      headers: { 'ce-id': 'sent', 'ce-type': 't' },
      body: '{"a":1}',
    });
    await post(url, { id: 'reply', attributes: { causationid: 'sent' } });
    await viewer.until(() => viewer.rows().length === 2);
    expect(viewer.rows()).toMatchObject([{ id: 'sent', sentTo: 'adapter' }, { causeSource: 's' }]);
    await viewer.close();
  });

  test('goes to the sinks of the settings and nowhere else, whatever the browser says', async () => {
    let asked = 0;
    const secret = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    const sink = await serve((_, response) => {
      response.writeHead(307, { location: secret.href }).end();
    });
    const { url } = await start({ sinks: () => [{ name: 'sink', url: sink }] });
    for (const name of [
      encodeURIComponent(secret.href),
      'other',
      '__proto__',
      'SINK',
      '..%2fsink',
    ]) {
      expect((await send(url, name)).status).toBe(404);
    }
    const body = {
      ...form,
      sink: secret.href,
      url: secret.href,
      attributes: { host: secret.host },
    };
    expect(await (await send(url, 'sink', body)).json()).toMatchObject({ status: 307 });
    expect(asked).toBe(0);
  });

  test('is refused to other sites and to what no page of ours sends', async () => {
    let asked = 0;
    const sink = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    const { url } = await start({ sinks: () => [{ name: 'sink', url: sink }] });
    const others: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of others) {
      expect((await send(url, 'sink', form, headers)).status).toBe(403);
    }
    const rebound = {
      host: 'evil.example',
      origin: 'http://evil.example',
      'content-type': 'application/json',
    };
    expect((await ask(url, '/page/sinks/sink', rebound, 'POST')).statusCode).toBe(403);
    expect(asked).toBe(0);
  });

  test('names everything that is wrong with the form, and sends nothing', async () => {
    let asked = 0;
    const sink = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    const { url } = await start({ sinks: () => [{ name: 'sink', url: sink }] });
    const response = await send(url, 'sink', { mode: 'x', specversion: '7' });
    expect(response.status).toBe(400);
    const { problems } = (await response.json()) as { problems: { where: string }[] };
    expect(problems.map(({ where }) => where).sort()).toEqual([
      'mode',
      'source',
      'specversion',
      'type',
    ]);
    expect((await send(url, 'sink', [])).status).toBe(400);
    expect(asked).toBe(0);
  });

  test('tells of a sink that is not there, one that breaks off, and one that never stops', async () => {
    const gone = new URL('http://127.0.0.1:1/');
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x');
      response.socket?.destroy();
    });
    const endless = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const sinks = Object.entries({ gone, broken, endless }).map(([name, url]) => ({ name, url }));
    const { url } = await start({ sinks: () => sinks });
    for (const name of ['gone', 'broken']) {
      const response = await send(url, name);
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ code: 'SINK_UNREACHABLE' });
    }
    const answer = await (await send(url, 'endless')).json();
    expect(answer).toMatchObject({ isCut: true, bodyBytes: 256 * 1024 });
  });
});

describe('the metrics', () => {
  test('are read while somebody looks, and not before or after', async () => {
    let asked = 0;
    const metrics = await serve((_, response) => {
      asked += 1;
      response.end(
        `seldon_eventing_http_running ${asked}\nseldon_eventing_kafka_lag{partition="0"} 7\n`,
      );
    });
    const gone = new URL('http://127.0.0.1:1/metrics');
    const { url } = await start({ metricsUrls: () => [metrics, gone] });
    await post(url, { id: '1' });
    expect(asked).toBe(0);
    const viewer = await openViewer(url);
    await viewer.until(() => viewer.told('load').length === 2);
    expect(viewer.told('load')[0]).toEqual({
      inFlight: 1,
      lag: 7,
      replicas: 1,
      targets: 2,
      targetsAnswering: 1,
    });
    await viewer.close();
    // The server learns of it: then one who looks again is told a reading of its own.
    const again = await openViewer(url);
    await again.until(() => again.told('load').length === 1);
    await again.close();
  });
});
