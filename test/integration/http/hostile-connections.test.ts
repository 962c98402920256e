/** More connections than MAX_CONNECTIONS, which say nothing or hold what they have: the rest is closed at once. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ceHeaders,
  eventually,
  irisPayloads,
  openAdapter,
  rawRequest,
  send,
  type TestAdapter,
} from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcPredictor } from '../../support/grpc-predictor.ts';
import { sendHttps } from '../../support/https-request.ts';
import { goodHeaders, goodMessage } from '../../support/raw-grpc.ts';

const limit = 20;
const settings = { MAX_CONNECTIONS: String(limit), REQUEST_TIMEOUT_MS: '60000' };
const authority = createAuthority('the authority');
const event = { headers: ceHeaders(), body: irisPayloads.seldon };

/** So many that connect, begin with these bytes, and hold on. */
function flood(port: number, count: number, begin: string) {
  const held = new Set<Socket>();
  let closed = 0;
  for (let i = 0; i < count; i += 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    held.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      held.delete(socket);
      closed += 1;
    });
    if (begin !== '') socket.write(begin);
  }
  const release = (): void => {
    for (const socket of held) socket.destroy();
  };
  onTestFinished(release);
  return { held, closed: () => closed, release };
}

async function certificateFiles() {
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-connections-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const files = { TLS_CERT_FILE: join(dir, 'tls.crt'), TLS_KEY_FILE: join(dir, 'tls.key') };
  const { certPem, keyPem } = authority.issue({ name: 'the adapter', hosts: ['127.0.0.1'] });
  await writeFile(files.TLS_CERT_FILE, certPem);
  await writeFile(files.TLS_KEY_FILE, keyPem);
  return files;
}

const refusedBy = (text: string, server: string): number =>
  Number(
    new RegExp(
      `^seldon_eventing_connections_refused_total\\{[^}]*server="${server}"[^}]*\\} (\\d+)$`,
      'm',
    ).exec(text)?.[1] ?? 0,
  );

const metricsOf = async ({ url }: TestAdapter): Promise<string> =>
  (await sendHttps(`${url}/metrics`, { ca: authority.certPem })).text;

const linesOf = ({ log }: TestAdapter) =>
  log.filter(({ message }) => message.startsWith('connections are refused'));

describe('connections beyond MAX_CONNECTIONS', () => {
  test.each([
    ['say nothing', ''],
    ['hold a request', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n'],
  ])(
    'are closed at once, counted and told once, when those before %s; there is room again when these go',
    async (_, begin) => {
      const adapter = await openAdapter(settings);
      const strangers = flood(adapter.port, 200, begin);
      await eventually(() => strangers.closed() === 200 - limit);
      const { status, closed } = await rawRequest(adapter.port, 'GET /livez HTTP/1.1\r\n\r\n');
      expect([status, closed]).toEqual([0, true]);
      expect(strangers.held.size).toBe(limit);
      strangers.release();
      await eventually(
        async () => (await send(adapter.url, event).catch(() => undefined)) !== undefined,
      );
      expect((await send(adapter.url, event)).status).toBe(200);
      const { text } = await send(`${adapter.url}/metrics`, { method: 'GET' });
      expect(refusedBy(text, 'http')).toBeGreaterThan(200 - limit);
      expect(linesOf(adapter)).toMatchObject([
        { fields: { server: 'http', maxConnections: limit } },
      ]);
    },
  );

  test('who is connected already is served on', async () => {
    const adapter = await openAdapter(settings);
    const kept = connect({ port: adapter.port, host: '127.0.0.1' });
    onTestFinished(() => void kept.destroy());
    let text = '';
    kept.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    const ask = () => kept.write('GET /livez HTTP/1.1\r\nHost: h\r\n\r\n');
    const answers = (): number => text.split('HTTP/1.1 200 ').length - 1;
    ask();
    await eventually(() => answers() === 1);
    const strangers = flood(adapter.port, 100, '');
    await eventually(() => strangers.closed() === 100 - limit + 1);
    ask();
    await eventually(() => answers() === 2);
  });

  test('are closed before TLS begins', async () => {
    const adapter = await openAdapter({ ...settings, ...(await certificateFiles()) });
    const strangers = flood(adapter.port, 100, '');
    await eventually(() => strangers.closed() === 100 - limit);
    strangers.release();
    await eventually(async () => (await metricsOf(adapter).catch(() => '')) !== '');
    expect(refusedBy(await metricsOf(adapter), 'http')).toBeGreaterThanOrEqual(100 - limit);
  });

  test('without a limit none is refused', async () => {
    const adapter = await openAdapter();
    const strangers = flood(adapter.port, 300, '');
    expect((await send(adapter.url, event)).status).toBe(200);
    expect(strangers.closed()).toBe(0);
  });
});

describe('over gRPC', () => {
  const predictor = useGrpcPredictor();

  test('they are closed at once too, and the HTTP server has connections of its own', async () => {
    const adapter = await openAdapter({
      ...settings,
      PREDICTOR_URL: predictor.url,
      GRPC_PORT: '0',
    });
    const strangers = flood(adapter.grpcPort, 200, '');
    await eventually(() => strangers.closed() === 200 - limit);
    const { text } = await send(`${adapter.url}/metrics`, { method: 'GET' });
    expect(refusedBy(text, 'grpc')).toBe(200 - limit);
    expect(refusedBy(text, 'http')).toBe(0);
    strangers.release();
    const call = openGrpcClient(adapter.grpcPort);
    await eventually(async () => (await call(goodHeaders[':path'], goodMessage)).status === 'OK');
  });
});
