/**
 * The authorities of adapters' certificates, which their addresses tell (`CACerts`): Knative trusts
 * what stands there beside what the system knows.
 */

import { Buffer } from 'node:buffer';
import { isApiError } from '../kubernetes/api-error.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { recordOf } from './live-object.ts';
import type { Rendered } from './render/rendered.ts';

export interface AuthoritiesDeps {
  readonly client: Pick<KubernetesClient, 'get'>;
  /** We may not read them: told once. */
  readonly unreadable: (kind: string, message: string) => void;
}

/** @returns what was rendered, its addresses with the authorities that are known */
export type WithAuthorities = (namespace: string, rendered: Rendered) => Promise<Rendered>;

/** Where cert-manager, and others after it, put the authority beside a certificate. */
const authorityKey = 'ca.crt';
/** A status is to stay small: etcd takes no object over 1.5 MB. */
const maxBytes = 64 * 1024;

export function createWithAuthorities({ client, unreadable }: AuthoritiesDeps): WithAuthorities {
  const authorityIn = async (namespace: string, name: string): Promise<string | undefined> => {
    try {
      const secret = await client.get({ apiVersion: 'v1', kind: 'Secret', namespace, name });
      return certificatesOf(recordOf(secret?.['data'])[authorityKey]);
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      unreadable('Secret', error.message);
      return undefined;
    }
  };

  return async (namespace, rendered) => {
    const { certificates = {}, addresses } = rendered;
    if (Object.keys(certificates).length === 0) return rendered;
    const known = await Promise.all(
      addresses.map(async (address) => {
        const secret = certificates[address.name];
        const CACerts = secret && (await authorityIn(namespace, secret));
        return CACerts ? { ...address, CACerts } : address;
      }),
    );
    return { ...rendered, addresses: known };
  };
}

/** Certificates alone: what else may stand in a file of authorities is nobody's business. */
function certificatesOf(base64: unknown): string | undefined {
  if (typeof base64 !== 'string') return undefined;
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const pem = found.map((certificate) => `${certificate}\n`).join('');
  return pem === '' || pem.length > maxBytes ? undefined : pem;
}
