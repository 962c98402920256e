/** SASL extensions of OAUTHBEARER, as RFC 7628 and Kafka's own client take them. */

import { CredentialError } from './source.ts';

/**
 * Parses `logicalCluster=lkc-1,identityPoolId=pool-1`.
 * @param setting for messages
 * @throws CredentialError
 */
export function parseExtensions(text: string, setting: string): ReadonlyMap<string, string> {
  const extensions = new Map<string, string>();
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    const fault = faultOf(name.trim(), value.trim());
    if (fault !== undefined) throw new CredentialError(`${setting}: ${fault}`);
    extensions.set(name.trim(), value.trim());
  }
  return extensions;
}

function faultOf(name: string, value: string): string | undefined {
  if (!/^[A-Za-z]+$/.test(name) || !/^[\x21-\x7e][\x20-\x7e]*$/.test(value)) {
    return 'expected name=value, separated by commas, such as logicalCluster=lkc-1,identityPoolId=pool-1';
  }
  return name === 'auth' ? 'an extension cannot be called "auth"' : undefined;
}
