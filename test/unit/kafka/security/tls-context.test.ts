import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTlsContext } from '../../../../src/kafka/security/tls-context.ts';
import { type Certificate, createAuthority } from '../../../support/certificates.ts';

const dir = mkdtempSync(join(tmpdir(), 'seldon-eventing-tls-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const authority = createAuthority('authority');
const [cert, key] = [join(dir, 'tls.crt'), join(dir, 'tls.key')];
const ignore = (): void => undefined;

test('a context is made anew when certificate and key have changed, and never of halves', () => {
  const lines: string[] = [];
  const line = (_fields: object, message: string): void => void lines.push(message);
  const log = { debug: ignore, info: line, warn: ignore, error: line };
  const renew = (part: 'cert' | 'key', { certPem, keyPem }: Certificate): void => {
    writeFileSync(part === 'cert' ? cert : key, part === 'cert' ? certPem : keyPem);
  };
  const [one, two] = [authority.issue({ name: 'one' }), authority.issue({ name: 'two' })];
  renew('cert', one);
  const sources = {
    cert: { setting: 'CERT_FILE', file: cert },
    key: { setting: 'KEY_FILE', file: key },
  };
  const context = createTlsContext(sources, { log, wallClock: Date.now });
  expect(context).toThrow(`KEY_FILE: ${key} cannot be read (ENOENT)`);
  renew('key', one);
  const first = context();
  expect(context()).toBe(first);

  renew('cert', two);
  expect([context(), context()]).toEqual([first, first]);
  expect(lines).toEqual([expect.stringContaining('do not belong together')]);

  renew('key', two);
  const second = context();
  expect(second).not.toBe(first);
  expect(context()).toBe(second);
  rmSync(key);
  expect(context()).toBe(second);
  expect(lines.at(-1)).toContain('what was read before stays in use');
});
