/** Certificates and keys: read, checked, and made into what a TLS connection takes. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsSources } from './options.ts';
import { CredentialError, readSource, type Source } from './source.ts';

/** PEM texts, and the passphrase of the key. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly keyPass?: string | undefined;
}

/** @throws CredentialError for the first that cannot be read */
export const readTlsMaterial = (sources: TlsSources): TlsMaterial => ({
  ca: sources.ca && readSource(sources.ca),
  cert: sources.cert && readSource(sources.cert),
  key: sources.key && readSource(sources.key),
  keyPass: sources.keyPass && readSource(sources.keyPass),
});

/** @returns all that keeps `material` from being used; the messages name settings and files */
export function checkTlsMaterial(
  material: TlsMaterial,
  sources: TlsSources,
  wallClockMs: number,
): string[] {
  const problems: string[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const { ca, cert, key, keyPass } = material;
  if (ca !== undefined) attempt(() => certificatesIn(ca, sources.ca));
  const leaf = cert === undefined ? undefined : attempt(() => certificatesIn(cert, sources.cert));
  const keyObject =
    key === undefined ? undefined : attempt(() => openKey(key, keyPass, sources.key));
  const [own] = leaf ?? [];
  if (own !== undefined) attempt(() => checkExpiry(own, sources.cert, wallClockMs));
  if (own !== undefined && keyObject !== undefined && !own.checkPrivateKey(keyObject)) {
    problems.push(
      `${where(sources.cert)} and ${where(sources.key)} do not belong together: the key is not the certificate's`,
    );
  }
  return problems;
}

/** @throws CredentialError where OpenSSL takes less than {@link checkTlsMaterial} does */
export function secureContextOf({ ca, cert, key, keyPass }: TlsMaterial): SecureContext {
  try {
    return createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(keyPass !== undefined && { passphrase: keyPass }),
      minVersion: 'TLSv1.2',
    });
  } catch (error) {
    throw new CredentialError(`the TLS settings cannot be used (${(error as Error).message})`);
  }
}

const where = (source: Source | undefined): string =>
  source?.file === undefined ? (source?.setting ?? '') : `${source.setting} (${source.file})`;

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(pem: string, source: Source | undefined): X509Certificate[] {
  const found = pem.match(pemCertificate) ?? [];
  if (found.length === 0) {
    throw new CredentialError(`${where(source)}: there is no PEM certificate in it`);
  }
  return found.map((one, i) => {
    try {
      return new X509Certificate(one);
    } catch {
      throw new CredentialError(`${where(source)}: PEM certificate ${i + 1} does not parse`);
    }
  });
}

function openKey(
  pem: string,
  passphrase: string | undefined,
  source: Source | undefined,
): KeyObject {
  const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem);
  if (isEncrypted && passphrase === undefined) {
    throw new CredentialError(
      `${where(source)}: the key is encrypted; set KAFKA_SSL_CLIENT_KEY_PASS`,
    );
  }
  try {
    return createPrivateKey({ key: pem, ...(isEncrypted && { passphrase }) });
  } catch {
    throw new CredentialError(
      isEncrypted
        ? `${where(source)}: KAFKA_SSL_CLIENT_KEY_PASS does not open the key`
        : `${where(source)}: there is no PEM private key in it that parses`,
    );
  }
}

function checkExpiry(
  certificate: X509Certificate,
  source: Source | undefined,
  wallClockMs: number,
): void {
  if (Date.parse(certificate.validTo) > wallClockMs) return;
  throw new CredentialError(
    `${where(source)}: the certificate expired on ${certificate.validTo}; renew it`,
  );
}
