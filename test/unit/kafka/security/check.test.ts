import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkKafkaSecurity } from '../../../../src/kafka/security/check.ts';
import type { TlsSources } from '../../../../src/kafka/security/options.ts';
import type { Source } from '../../../../src/kafka/security/source.ts';
import { createAuthority } from '../../../support/certificates.ts';

const dir = mkdtempSync(join(tmpdir(), 'seldon-eventing-check-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const authority = createAuthority('authority');
const client = authority.issue({ name: 'client' });
const value = (setting: string, text: string): Source => ({ setting, value: text });
const file = (setting: string, name: string, text?: string): Source => {
  const path = join(dir, name);
  if (text !== undefined) writeFileSync(path, text);
  return { setting, file: path };
};
const check = (tls: TlsSources) => checkKafkaSecurity({ tls }, Date.now());
const good: TlsSources = {
  ca: value('CA', authority.certPem),
  cert: value('CERT', client.certPem),
  key: value('KEY', client.keyPem),
};

describe('credentials at the start', () => {
  it('are taken: PEM as it is, with \\n for line ends, encrypted with its passphrase', () => {
    expect(check(good)).toEqual([]);
    expect(check({ ...good, ca: value('CA', authority.certPem.replaceAll('\n', '\\n')) })).toEqual(
      [],
    );
    const encrypted = {
      key: value('KEY', client.encryptedKeyPem('opens')),
      keyPass: file('PASS_FILE', 'pass', 'opens\n'),
    };
    expect(check({ ...good, ...encrypted })).toEqual([]);
  });

  it('that cannot be read are all told, each by its setting and path', () => {
    const sources = {
      ca: file('CA_FILE', 'absent.crt'),
      cert: file('CERT_FILE', 'empty.crt', '\n'),
      key: { setting: 'KEY_FILE', file: dir },
    };
    expect(check(sources)).toEqual([
      `CA_FILE: ${join(dir, 'absent.crt')} cannot be read (ENOENT)`,
      `CERT_FILE: ${join(dir, 'empty.crt')} is empty`,
      `KEY_FILE: ${dir} cannot be read (EISDIR)`,
    ]);
  });

  const broken = authority.certPem.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const old = authority.issue({ name: 'old', notAfter: new Date('2020-01-01T00:00:00Z') });
  it.each<[string, TlsSources, string]>([
    ['no PEM at all', { ca: value('CA', 'secret') }, 'CA: there is no PEM certificate in it'],
    ['PEM of nothing', { ca: value('CA', broken) }, 'CA: PEM certificate 1 does not parse'],
    [
      'a key that is none',
      { ...good, key: value('KEY', 'secret') },
      'KEY: there is no PEM private key in it that parses',
    ],
    [
      'an encrypted key without its passphrase',
      { ...good, key: value('KEY', client.encryptedKeyPem('secret')) },
      'KEY: the key is encrypted; set KAFKA_SSL_CLIENT_KEY_PASS',
    ],
    [
      'a wrong passphrase',
      {
        ...good,
        key: value('KEY', client.encryptedKeyPem('right')),
        keyPass: value('PASS', 'secret'),
      },
      'KEY: KAFKA_SSL_CLIENT_KEY_PASS does not open the key',
    ],
    [
      "another certificate's key",
      { ...good, key: value('KEY', authority.keyPem) },
      "CERT and KEY do not belong together: the key is not the certificate's",
    ],
    [
      'an expired certificate',
      { ...good, cert: value('CERT', old.certPem), key: value('KEY', old.keyPem) },
      'CERT: the certificate expired on Jan  1 00:00:00 2020 GMT; renew it',
    ],
  ])('%s: is told, and never repeated', (_what, sources, problem) => {
    expect(check(sources)).toEqual([problem]);
    expect(problem).not.toContain('secret');
  });

  it('of OAUTHBEARER: a URL and extensions that are none', () => {
    const sasl = {
      mechanism: 'OAUTHBEARER',
      tokenUrl: value('URL', 'ftp://idp'),
      clientId: value('ID', 'id'),
      clientSecret: value('SECRET', 'secret'),
      extensions: value('EXTENSIONS', 'logical-cluster'),
    } as const;
    const nothing = { ...file('EXTENSIONS_FILE', 'extensions', ''), mayBeEmpty: true };
    const right = { ...sasl, tokenUrl: value('URL', 'https://idp/token'), extensions: nothing };
    expect(checkKafkaSecurity({ sasl: right }, Date.now())).toEqual([]);
    expect(checkKafkaSecurity({ sasl }, Date.now())).toEqual([
      'URL: expected an https:// (or http://) URL without user and password',
      'EXTENSIONS: expected name=value, separated by commas, such as logicalCluster=lkc-1,identityPoolId=pool-1',
    ]);
  });
});
