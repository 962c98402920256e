import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverSecurityProblems } from '../../../src/commands/open-server-security.ts';
import { ceHeaders, irisPayloads, openAdapter, testConfig } from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { sendHttps } from '../../support/https-request.ts';

const authority = createAuthority('the authority');
const callers = createAuthority('the authority of callers');
const others = createAuthority('another authority');
const ca = authority.certPem;
const event = { method: 'POST', headers: ceHeaders() };
const shown = ({ certPem, keyPem }: { certPem: string; keyPem: string }) => ({
  cert: certPem,
  key: keyPem,
});

async function secureSettings() {
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-https-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const settings = {
    TLS_CERT_FILE: join(dir, 'tls.crt'),
    TLS_KEY_FILE: join(dir, 'tls.key'),
  };
  const clientCa = join(dir, 'clients.crt');
  const { certPem, keyPem } = authority.issue({ name: 'the adapter', hosts: ['127.0.0.1'] });
  await writeFile(settings.TLS_CERT_FILE, certPem);
  await writeFile(settings.TLS_KEY_FILE, keyPem);
  await writeFile(clientCa, callers.certPem);
  return { settings, clientCa, withClients: { ...settings, TLS_CLIENT_CA_FILE: clientCa } };
}

describe('HTTPS', () => {
  test('events, plain predictions, health and metrics are all served over it', async () => {
    const { settings } = await secureSettings();
    const { url } = await openAdapter(settings);
    expect(url).toMatch(/^https:/);
    const reply = await sendHttps(`${url}/`, { ...event, ca }, irisPayloads.seldon);
    expect(reply).toMatchObject({ status: 200, serverName: 'the adapter' });
    expect(reply.headers['ce-type']).toBe('seldon.iris.tests.response');
    const plain = await sendHttps(
      `${url}/api/v1.0/predictions`,
      { method: 'POST', ca, headers: { 'content-type': 'application/json' } },
      irisPayloads.seldon,
    );
    expect(plain.status).toBe(200);
    for (const path of ['/livez', '/metrics']) {
      expect(await sendHttps(url + path, { ca })).toMatchObject({ status: 200 });
    }
  });

  test('a request in the clear gets nothing, and the server goes on', async () => {
    const { settings } = await secureSettings();
    const { url, port } = await openAdapter(settings);
    const answered = await new Promise<string>((resolve) => {
      const socket = connectPlain(port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', () => undefined).on('close', () => resolve(text));
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    expect(answered).not.toContain('HTTP/1.1 200');
    expect(await sendHttps(`${url}/livez`, { ca })).toMatchObject({ status: 200 });
  });

  test('what is no HTTP is answered with a problem over the encrypted connection', async () => {
    const { settings } = await secureSettings();
    const { port } = await openAdapter(settings);
    const answered = await answerTo(port, 'no HTTP at all\r\n\r\n');
    expect(answered).toMatch(/^HTTP\/1\.1 400 .*"code":"REQUEST_MALFORMED"/s);
  });

  const answerTo = (port: number, bytes: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', ca });
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', () => undefined).on('close', () => resolve(text));
      socket.write(bytes);
    });

  test.each([
    ['a sender that does not go on', 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ', /^HTTP\/1\.1 408 /],
    [
      // What is told while they still come may be lost with the connection.
      'headers without end',
      `GET / HTTP/1.1\r\nHost: x\r\n${'x: y\r\n'.repeat(20_000)}`,
      /^(?:HTTP\/1\.1 431 |$)/,
    ],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
  ])('%s: refused as in the clear', async (_what, bytes, told) => {
    const { settings } = await secureSettings();
    const { port, iris } = await openAdapter({ ...settings, REQUEST_TIMEOUT_MS: '1000' });
    expect(await answerTo(port, bytes)).toMatch(told);
    expect(iris.counters.predictions).toBe(0);
  });

  test('it stops though a client holds a connection over which it never asked', async () => {
    const { settings } = await secureSettings();
    const { port, stop } = await openAdapter({ ...settings, DRAIN_TIMEOUT_MS: '600000' });
    const socket = connect({ port, host: '127.0.0.1', ca });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    await stop();
  });
});

describe('client certificates', () => {
  test('predictions, feedback and metadata are for callers that show one of the authority', async () => {
    const { withClients } = await secureSettings();
    const { url, iris } = await openAdapter(withClients);
    const good = shown(callers.issue({ name: 'a caller' }));
    const paths = ['/', '/api/v1.0/predictions', '/api/v1.0/feedback'];
    for (const path of paths) {
      for (const shows of [{}, shown(others.issue({ name: 'a stranger' }))]) {
        const options = { ...event, ca, ...shows };
        const refused = await sendHttps(url + path, options, irisPayloads.seldon);
        expect(refused).toMatchObject({ status: 403 });
        expect(JSON.parse(refused.text)).toMatchObject({ code: 'CERTIFICATE_REQUIRED' });
      }
    }
    const metadata = `${url}/api/v1.0/metadata`;
    expect(await sendHttps(metadata, { ca })).toMatchObject({ status: 403 });
    expect(await sendHttps(metadata, { ca, ...good })).not.toMatchObject({ status: 403 });
    expect(iris.counters.predictions).toBe(0);
    const letIn = await sendHttps(`${url}/`, { ...event, ca, ...good }, irisPayloads.seldon);
    expect(letIn).toMatchObject({ status: 200 });
  });

  test('an expired one is none', async () => {
    const { withClients } = await secureSettings();
    const { url } = await openAdapter(withClients);
    const notAfter = new Date(Date.now() - 60_000);
    const expired = shown(callers.issue({ name: 'a caller', notAfter }));
    const refused = await sendHttps(`${url}/`, { ...event, ca, ...expired }, irisPayloads.seldon);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.text).detail).toContain('CERT_HAS_EXPIRED');
  });

  test('kubelets and Prometheus, which have none, still reach health and metrics', async () => {
    const { withClients } = await secureSettings();
    const { url } = await openAdapter({ ...withClients, SELDON_PROTOCOL: 'v2' });
    const paths = ['/livez', '/live', '/ready', '/readyz', '/v2/health/live', '/metrics'];
    for (const path of [...paths, '/prometheus']) {
      expect((await sendHttps(url + path, { ca })).status).not.toBe(403);
    }
  });
});

describe('files that cannot be used', () => {
  const problemsOf = (settings: Record<string, string>) =>
    serverSecurityProblems(testConfig({ PREDICTOR_URL: 'http://127.0.0.1:1', ...settings }));

  test('all of them are named at the start', async () => {
    const problems = problemsOf({
      TLS_CERT_FILE: '/none/tls.crt',
      TLS_KEY_FILE: '/none/tls.key',
      TLS_CLIENT_CA_FILE: '/none/ca.crt',
      OIDC_ISSUER: 'https://issuer.example',
      OIDC_CA_FILE: '/none/issuer.crt',
      OIDC_TOKEN_FILE: '/none/token',
    });
    const names = ['TLS_CERT_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE', 'OIDC_CA_FILE'];
    for (const name of [...names, 'OIDC_TOKEN_FILE']) {
      expect(problems).toContainEqual(expect.stringMatching(`^${name}: .*ENOENT`));
    }
  });

  test('a key of another certificate, and authorities that are none', async () => {
    const { settings, clientCa, withClients } = await secureSettings();
    expect(problemsOf(withClients)).toEqual([]);
    await writeFile(settings.TLS_KEY_FILE, authority.issue({ name: 'another' }).keyPem);
    await writeFile(clientCa, 'no PEM');
    expect(problemsOf(withClients)).toEqual([
      expect.stringMatching(/^TLS_CERT_FILE .* and TLS_KEY_FILE .*mismatch/i),
      expect.stringMatching(/^TLS_CLIENT_CA_FILE .*no certificate in PEM/),
    ]);
  });
});
