import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createControllerServer } from '../../../src/http/controller-server.ts';
import { createServerCertificate } from '../../../src/http/server-certificate.ts';
import { capturingLog } from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';

const authority = createAuthority('the authority');

async function certificateFiles() {
  const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-tls-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const files = { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') };
  const put = async (name: string): Promise<void> => {
    const issued = authority.issue({ name, hosts: ['127.0.0.1'] });
    await writeFile(files.certFile, issued.certPem);
    await writeFile(files.keyFile, issued.keyPem);
  };
  return { files, put };
}

/** What is answered on a connection of its own, and whom the server says it is. */
const get = (url: string): Promise<{ status: number | undefined; name: unknown }> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { ca: authority.certPem, agent: false }, (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      response.resume().once('end', () => resolve({ status: response.statusCode, name }));
    });
    sent.once('error', reject).end();
  });

test('HTTPS follows its certificate files, and goes on with the last that was usable', async () => {
  const { files, put } = await certificateFiles();
  await put('first');
  const { log, lines } = capturingLog();
  let lookAgain = (): void => undefined;
  const schedule = (_delayMs: number, action: () => void) => {
    lookAgain = action;
    return () => undefined;
  };
  const certificate = createServerCertificate(files, { schedule, log });
  const parts = { ok: true, parts: {} };
  const server = createControllerServer('/metrics', certificate.pair, {
    live: () => parts,
    ready: () => parts,
    metrics: { expose: async () => ({ text: '', contentType: 'text/plain' }) },
  });
  onTestFinished(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  expect(url).toMatch(/^https:/);
  if (server.server instanceof TlsServer) certificate.follow(server.server);
  expect(await get(`${url}/livez`)).toEqual({ status: 200, name: 'first' });

  await put('second');
  lookAgain();
  expect(await get(`${url}/livez`)).toEqual({ status: 200, name: 'second' });

  await writeFile(files.keyFile, 'half a file');
  lookAgain();
  expect(await get(`${url}/livez`)).toEqual({ status: 200, name: 'second' });
  expect(lines.map(({ level }) => level)).toEqual(['info', 'warn']);

  await put('third');
  lookAgain();
  expect(await get(`${url}/livez`)).toEqual({ status: 200, name: 'third' });
});

test('files that cannot be used are named at the start', async () => {
  const { files, put } = await certificateFiles();
  const { log } = capturingLog();
  const create = () => createServerCertificate(files, { schedule: () => () => undefined, log });
  expect(create).toThrow(
    /^TLS_CERT_FILE: .*tls\.crt cannot be read \(ENOENT\); TLS_KEY_FILE: .*\(ENOENT\)$/,
  );
  await put('one');
  await writeFile(files.keyFile, authority.issue({ name: 'another' }).keyPem);
  expect(create).toThrow(/^TLS_CERT_FILE .* and TLS_KEY_FILE .*: .*mismatch/i);
});
