import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readTlsFiles, tlsFileProblems } from '../../../src/predictor/tls-files.ts';
import { createAuthority } from '../../support/certificates.ts';

const none = { ca: undefined, cert: undefined, key: undefined };

test('without files there is nothing to read, and nothing wrong', () => {
  expect(readTlsFiles(none)).toEqual({});
  expect(tlsFileProblems(none)).toEqual([]);
});

test('a file that is missing, or no PEM, is told by its setting and never by its content', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tls-files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const authority = createAuthority('ca');
  const ca = await file('ca.pem', authority.certPem);
  expect(tlsFileProblems({ ...none, ca })).toEqual([]);
  const [missing] = tlsFileProblems({ ...none, ca: join(folder, 'none.pem') });
  expect(missing).toMatch(/^PREDICTOR_TLS_CA_FILE: .*none\.pem cannot be read \(ENOENT\)/);
  const [wrong] = tlsFileProblems({
    ...none,
    cert: ca,
    key: await file('key.pem', 'not-a-key-but-a-secret'),
  });
  expect(wrong).toContain('PREDICTOR_TLS_');
  expect(wrong).not.toContain('secret');
});
