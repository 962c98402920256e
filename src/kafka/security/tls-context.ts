/** The secure context of new connections: of the files as they are now, if those are any good. */

import type { SecureContext } from 'node:tls';
import type { Log } from '../../delivery/ports.ts';
import { createTrouble } from '../trouble.ts';
import type { TlsSources } from './options.ts';
import { CredentialError } from './source.ts';
import {
  checkTlsMaterial,
  readTlsMaterial,
  secureContextOf,
  type TlsMaterial,
} from './tls-material.ts';

export interface TlsContextDeps {
  readonly wallClock: () => number;
  readonly log: Log;
}

/**
 * T1 What cannot be used never replaces what can: a certificate and its key that are replaced one
 *    after the other are taken when both are there.
 * T2 The context is made anew only where a file's content changed.
 *
 * @returns a function that throws CredentialError where nothing was usable yet
 */
export function createTlsContext(sources: TlsSources, deps: TlsContextDeps): () => SecureContext {
  let current: { readonly material: TlsMaterial; readonly context: SecureContext } | undefined;
  const trouble = createTrouble((line) => deps.log.error({}, line));

  const renew = (): SecureContext => {
    const material = readTlsMaterial(sources);
    if (current !== undefined && isSame(material, current.material)) {
      trouble.over('the TLS files for Kafka can be used again');
      return current.context;
    }
    const problems = checkTlsMaterial(material, sources, deps.wallClock());
    if (problems.length > 0) throw new CredentialError(problems.join('; '));
    const context = secureContextOf(material);
    if (current !== undefined) {
      deps.log.info({}, 'changed TLS files are used for new connections to Kafka');
    }
    current = { material, context };
    trouble.over('the TLS files for Kafka can be used again');
    return context;
  };

  return () => {
    try {
      return renew();
    } catch (error) {
      if (!(error instanceof CredentialError) || current === undefined) throw error;
      const { message } = error;
      trouble.say(`${message}; what was read before stays in use for Kafka`, message);
      return current.context;
    }
  };
}

const isSame = (one: TlsMaterial, other: TlsMaterial): boolean =>
  one.ca === other.ca &&
  one.cert === other.cert &&
  one.key === other.key &&
  one.keyPass === other.keyPass;
