/** What is wrong with the credentials, before anything is connected. */

import { readExtensions, readTokenUrl, sourcesOf } from './credentials.ts';
import type { KafkaSecurityOptions } from './options.ts';
import { CredentialError, readSource } from './source.ts';
import { checkTlsMaterial, readTlsMaterial, secureContextOf } from './tls-material.ts';

/**
 * Reads every credential once.
 * @returns all that is wrong: files that cannot be read, PEM that does not parse, a passphrase that
 *   does not fit, a certificate that expired or is not the key's, a URL or extensions that are none
 */
export function checkKafkaSecurity(
  { tls, sasl }: KafkaSecurityOptions,
  wallClockMs: number,
): string[] {
  const problems = [...sourcesOf(tls), ...sourcesOf(sasl)].flatMap((source) =>
    problemsOf(() => void readSource(source)),
  );
  if (problems.length > 0) return problems;
  if (tls !== undefined) {
    const material = readTlsMaterial(tls);
    const wrong = checkTlsMaterial(material, tls, wallClockMs);
    problems.push(...(wrong.length > 0 ? wrong : problemsOf(() => void secureContextOf(material))));
  }
  if (sasl?.mechanism === 'OAUTHBEARER') {
    problems.push(
      ...problemsOf(() => void readTokenUrl(sasl.tokenUrl)),
      ...problemsOf(() => void readExtensions(sasl.extensions)),
    );
  }
  return problems;
}

function problemsOf(read: () => void): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof CredentialError) return [error.message];
    throw error;
  }
}
