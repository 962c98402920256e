/** Refusals of questions over gRPC, as HTTP tells them. */

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { createAskOverGrpc } from '../../../src/delivery/ask-over-grpc.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { grpcInfoOf } from '../../../src/inference/grpc-infos.ts';

const info = grpcInfoOf('v2', 'model', undefined);
const asked = { path: '/v2/models/m', headers: [], body: new Uint8Array(), timeoutMs: 1_000 };

const askWith = (answer: Partial<PredictionAnswer>) =>
  createAskOverGrpc('node "m" (h:1)', info, async () => ({
    status: 200,
    contentType: 'application/grpc',
    contentEncoding: undefined,
    puid: undefined,
    retryAfterMs: undefined,
    body: new Uint8Array(),
    ...answer,
  }))(asked);

describe('a question over gRPC', () => {
  it('that is turned away keeps its status and its pause', async () => {
    const body = Buffer.from('later');
    await expect(
      askWith({ status: 503, statusName: 'UNAVAILABLE', retryAfterMs: 2_000, body }),
    ).rejects.toMatchObject({
      code: 'PREDICTOR_BUSY',
      status: 503,
      retryAfterMs: 2_000,
      message: expect.stringMatching(/^node "m" \(h:1\) at .*ModelMetadata .*; it says: later$/),
    });
  });

  it('that something answers which is no gRPC server is an error with its status', async () => {
    await expect(askWith({ status: 404, body: Buffer.from('<html>') })).rejects.toMatchObject({
      code: 'PREDICTOR_MISCONFIGURED',
      status: 404,
    });
    for (const status of [204, 206, 302]) {
      for (const body of [Buffer.alloc(0), Buffer.from('x')]) {
        await expect(askWith({ status, body })).rejects.toMatchObject({ status: 502 });
      }
    }
  });

  it('repeats a server’s words on one line, and no more than so many', async () => {
    const body = Buffer.from('a\n\u001b[31m'.repeat(1_000));
    const error = await askWith({ status: 501, statusName: 'UNIMPLEMENTED', body }).catch(
      (thrown: Error) => thrown,
    );
    expect(String(error)).not.toMatch(/\p{Cc}/u);
    expect(String(error).length).toBeLessThan(600);
  });
});
