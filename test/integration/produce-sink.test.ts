import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findFreePort } from '../../src/demo/free-port.ts';
import { decodeHttp } from '../../src/event/http-message.ts';
import { createAuthority } from '../support/certificates.ts';
import { openFaultSink } from '../support/fault-sink.ts';
import { startProduce, temporaryFile } from '../support/run-produce.ts';

type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

/** A server on loopback; counts what it works on at once. */
async function listen(handler: Handler) {
  const state = { url: '', running: 0, most: 0 };
  const server = createServer((request, response) => {
    state.running += 1;
    state.most = Math.max(state.most, state.running);
    response.on('close', () => {
      state.running -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ns/broker`;
  return state;
}

describe('produce, to a sink', () => {
  test('POSTs events and prints what each was answered', async () => {
    const ids: string[] = [];
    const server = await listen((request, body, response) => {
      const message = decodeHttp(request.rawHeaders, body);
      const id = message.kind === 'event' ? message.event.id : 'none';
      expect([request.method, request.url]).toEqual(['POST', '/ns/broker']);
      ids.push(id);
      const headers = { 'ce-specversion': '1.0', 'ce-source': 's', 'ce-type': 'an.answer' };
      response.writeHead(200, { ...headers, 'ce-id': `re-${id}` }).end('{}');
    });
    for (const form of ['binary', 'structured']) {
      const run = await startProduce([
        '--sink',
        server.url,
        '--rate',
        '500',
        '--count',
        '100',
        '--form',
        form,
      ]);
      expect(await run.done).toBe(0);
      const told = ids.splice(0).map((id) => `sent ${id}: 200, reply an.answer re-${id}`);
      expect(run.sent().sort()).toEqual(told.sort());
    }
  });

  test('prints why an event was refused, and does not end well', async () => {
    const server = await listen((_request, _body, response) => {
      const problem = { status: 422, detail: 'the payload has\nthree features, not four' };
      response.writeHead(422, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(problem));
    });
    const run = await startProduce(['--sink', server.url, '--count', '1']);
    expect(await run.done).toBe(1);
    const expected = /^failed \S+: 422, the payload has three features, not four$/;
    expect(run.lines).toContainEqual(expect.stringMatching(expected));
  });

  test('prints that nobody listens, and does not end well', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}/`;
    const run = await startProduce(['--sink', url, '--count', '1']);
    expect(await run.done).toBe(1);
    expect(run.lines).toContainEqual(expect.stringMatching(/^failed \S+: http.*ECONNREFUSED/));
  });

  test('has no more than 64 in flight, and says how far it is behind', async () => {
    const held: ServerResponse[] = [];
    const server = await listen((_request, _body, response) => void held.push(response));
    const run = await startProduce(['--sink', server.url, '--rate', '1000']);
    await run.until(
      /^The sink is slow: 64 are not answered yet, sending is \d+ behind the rate of 1000/,
    );
    await vi.waitFor(() => expect(held).toHaveLength(64));
    expect(server.most).toBe(64);
    const stopped = run.stop();
    for (const response of held) response.writeHead(202).end();
    await stopped;
    expect(await run.done).toBe(0);
    expect(run.sent()).toHaveLength(64);
    expect(run.sent()[0]).toMatch(/^sent \S+: 202, no reply$/);
  });

  test('sends to the bound sink with its overrides, authority and token', async () => {
    const authority = createAuthority('sink authority');
    const { certPem, keyPem } = authority.issue({ name: 'sink', hosts: ['127.0.0.1'] });
    const sink = await openFaultSink(() => 202, { cert: certPem, key: keyPem });
    const environment = {
      K_SINK: `${sink.url}/default?key=hidden`,
      K_CE_OVERRIDES: '{"extensions":{"team":"blue"}}',
      K_CA_CERTS: authority.certPem,
      SINK_TOKEN_FILE: await temporaryFile('a.jwt\n'),
    };
    const run = await startProduce(['--count', '1'], environment);
    expect(await run.done).toBe(0);
    expect(sink.taken[0]).toMatchObject({
      path: '/default?key=hidden',
      headers: { 'ce-team': 'blue', authorization: 'Bearer a.jwt' },
    });
    expect(run.lines.join()).not.toMatch(/hidden|jwt/);
    // Another address has its overrides, but not its token.
    const other = await openFaultSink();
    const again = await startProduce(['--count', '1', '--sink', other.url], environment);
    expect(await again.done).toBe(0);
    expect(other.taken[0]?.headers).toMatchObject({ 'ce-team': 'blue' });
    expect(other.taken[0]?.headers).not.toHaveProperty('authorization');
  });

  test('is told by wrong settings, and by a payload that is no JSON, before anything is sent', async () => {
    const file = await temporaryFile('{');
    const sink = ['--sink', 'http://127.0.0.1:1'];
    await expect(startProduce([])).rejects.toThrow(/nothing to send to/);
    await expect(startProduce([...sink, '--payload-file', file])).rejects.toThrow(/is not JSON/);
    await expect(startProduce([...sink, '--payload-file', `${file}x`])).rejects.toThrow(/ENOENT/);
  });
});
