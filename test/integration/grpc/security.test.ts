/** The gRPC server over TLS, and who may call it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openAdapter, useAdapter } from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { openGrpcClient } from '../../support/grpc-client.ts';
import { useGrpcPredictor } from '../../support/grpc-predictor.ts';
import { goodHeaders, goodMessage as message } from '../../support/raw-grpc.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

const path = goodHeaders[':path'];
const predictor = useGrpcPredictor();

describe('tokens', () => {
  let issuer: TokenIssuer;
  beforeAll(async () => {
    issuer = await startTokenIssuer();
  });
  afterAll(() => issuer.close());
  const adapter = useAdapter(() => ({
    PREDICTOR_URL: predictor.url,
    GRPC_PORT: '0',
    OIDC_ISSUER: issuer.issuer,
    OIDC_SUBJECTS: 'system:serviceaccount:tests:*',
  }));

  const call = (token?: string, method = path) =>
    openGrpcClient(adapter.grpcPort)(method, message, {
      metadata: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  test('a valid one lets the call in, and goes no further than us', async () => {
    const token = issuer.token();
    for (let time = 0; time < 2; time += 1) expect((await call(token)).status).toBe('OK');
    expect(predictor.calls).toHaveLength(2);
    for (const { metadata } of predictor.calls) expect(metadata.get('authorization')).toEqual([]);
  });

  test('UNAUTHENTICATED without one, or with one that is not valid', async () => {
    for (const token of [
      undefined,
      'garbage',
      issuer.token({ aud: 'x' }),
      issuer.token({ exp: 1 }),
    ]) {
      const answer = await call(token);
      expect(answer.status).toBe('UNAUTHENTICATED');
      expect(answer.trailers.get('seldon-error-code')).toEqual(['TOKEN_REFUSED']);
    }
    expect((await call(undefined, '/seldon.protos.Seldon/SendFeedback')).status).toBe(
      'UNAUTHENTICATED',
    );
    expect(predictor.calls).toEqual([]);
  });

  test('PERMISSION_DENIED for a subject that is not allowed', async () => {
    expect((await call(issuer.token({ sub: 'mallory' }))).status).toBe('PERMISSION_DENIED');
  });

  test('UNAVAILABLE where the issuer cannot tell', async () => {
    const gone = await startTokenIssuer();
    await gone.close();
    const { grpcPort } = await openAdapter({
      ...{ PREDICTOR_URL: predictor.url, GRPC_PORT: '0', OIDC_ISSUER: gone.issuer },
    });
    const metadata = { authorization: `Bearer ${gone.token()}` };
    expect((await openGrpcClient(grpcPort)(path, message, { metadata })).status).toBe(
      'UNAVAILABLE',
    );
  });

  test('health needs none', async () => {
    const answer = await call(undefined, '/grpc.health.v1.Health/Check');
    expect(answer.status).toBe('OK');
  });
});

describe('TLS', () => {
  const authority = createAuthority('the authority');
  const callers = createAuthority('the authority of callers');
  const ca = Buffer.from(authority.certPem);

  async function settings() {
    const dir = await mkdtemp(join(tmpdir(), 'seldon-eventing-grpcs-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const file = async (name: string, text: string) => {
      await writeFile(join(dir, name), text);
      return join(dir, name);
    };
    const { certPem, keyPem } = authority.issue({ name: 'the adapter', hosts: ['127.0.0.1'] });
    const certificate = {
      TLS_CERT_FILE: await file('tls.crt', certPem),
      TLS_KEY_FILE: await file('tls.key', keyPem),
    };
    const clientCa = await file('ca.crt', callers.certPem);
    return { PREDICTOR_URL: predictor.url, GRPC_PORT: '0', ...certificate, clientCa };
  }

  const statusOf = (port: number, channel = credentials.createSsl(ca)): Promise<string> =>
    new Promise((resolve) => {
      const client = new Client(`127.0.0.1:${port}`, channel);
      onTestFinished(() => client.close());
      const asItIs = (bytes: Buffer): Buffer => bytes;
      const deadline = { deadline: Date.now() + 10_000 };
      const answered = (error: { code?: number } | null) =>
        resolve(status[error?.code ?? status.OK] ?? '');
      client.makeUnaryRequest(path, asItIs, asItIs, message, new Metadata(), deadline, answered);
    });

  test('calls are answered over it, and none in the clear', async () => {
    const { clientCa: _, ...secure } = await settings();
    const { grpcPort } = await openAdapter(secure);
    expect(await statusOf(grpcPort)).toBe('OK');
    expect(await statusOf(grpcPort, credentials.createInsecure())).toBe('UNAVAILABLE');
    expect(await statusOf(grpcPort)).toBe('OK');
  });

  test('with TLS_CLIENT_CA_FILE a connection must show a certificate of it', async () => {
    const { clientCa, ...secure } = await settings();
    const { grpcPort } = await openAdapter({ ...secure, TLS_CLIENT_CA_FILE: clientCa });
    const shown = ({ keyPem, certPem }: { keyPem: string; certPem: string }) =>
      credentials.createSsl(ca, Buffer.from(keyPem), Buffer.from(certPem));
    expect(await statusOf(grpcPort, shown(callers.issue({ name: 'caller' })))).toBe('OK');
    expect(await statusOf(grpcPort)).toBe('UNAVAILABLE');
    expect(await statusOf(grpcPort, shown(authority.issue({ name: 'x' })))).toBe('UNAVAILABLE');
  });
});
