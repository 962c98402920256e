/** Files and settings of authorities that hold anything at all: a connection can still be tried. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthorities, createTokenFile } from '../../../src/commands/sink-trust.ts';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';

const { certPem } = createAuthority('the authority');
const cut = fc
  .tuple(fc.nat(certPem.length), fc.string({ unit: 'binary', maxLength: 20 }))
  .map(([at, text]) => certPem.slice(0, at) + text + certPem.slice(at));
const wrapped = fc
  .string({ unit: 'binary', maxLength: 60 })
  .map((text) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`);
const pem = fc.oneof(
  cut,
  wrapped,
  fc.constant(certPem),
  fc.constant('-----BEGIN CERTIFICATE-----'.repeat(5_000)),
  fc.string({ unit: 'binary' }),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seldon-eventing-authorities-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('authorities of a sink', () => {
  it('in K_CA_CERTS are taken, or refused by name', () => {
    const settings = { PREDICTOR_URL: 'http://h', SELDON_DEPLOYMENT_ID: 's', K_SINK: 'http://h' };
    fc.assert(
      fc.property(pem, (text) => {
        const parsed = parseAdapterConfig([], { ...settings, K_CA_CERTS: text });
        if (!parsed.ok) expect(parsed.problems.join()).toContain('K_CA_CERTS');
      }),
    );
  });

  it('in a mounted folder, whatever its files hold, stop no connection from being tried', async () => {
    await fc.assert(
      fc.asyncProperty(fc.option(pem, { nil: undefined }), pem, async (setting, file) => {
        await writeFile(join(folder, 'bundle.pem'), file);
        const all = createAuthorities(setting, folder)();
        if (all === undefined) return;
        expect(() => createSecureContext({ ca: [...all] })).not.toThrow();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe("a sink's token", () => {
  it('of any file is one that a header can carry, or none', async () => {
    const path = join(folder, 'token');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string().map(Buffer.from)),
        async (bytes) => {
          await writeFile(path, bytes);
          const token = createTokenFile(path, () => 0)();
          if (token !== undefined) expect(token).toMatch(/^[\x21-\x7e]+$/);
        },
      ),
    );
  });
});
