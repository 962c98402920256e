/**
 * SeldonDeployments whose addresses have https are looked at more often than the others: the
 * authority that their status tells stands in a Secret, which we may read and not watch
 * (docs/decisions/0032).
 */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import { recordOf } from './live-object.ts';
import type { Reconcile } from './reconcile.ts';

export interface CertificateLooksOptions {
  /** How often, at the latest. */
  readonly certificateCheckMs: number;
}

export interface CertificateLooksDeps {
  readonly seldonDeployment: (key: string) => KubeObject | undefined;
  readonly random: () => number;
}

/** @returns the same, which asks to be called again in time where there are certificates */
export function withCertificateLooks(
  reconcile: Reconcile,
  { certificateCheckMs }: CertificateLooksOptions,
  { seldonDeployment, random }: CertificateLooksDeps,
): Reconcile {
  return async (key) => {
    const again = await reconcile(key);
    if (again !== undefined || !isOverTls(seldonDeployment(key))) return again;
    // Spread: after a start all of them are looked at in one moment.
    return { requeueAfterMs: certificateCheckMs * (0.5 + 0.5 * random()) };
  };
}

function isOverTls(live: KubeObject | undefined): boolean {
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return false;
  const { address, addresses } = recordOf(live['status']);
  const all = [address, ...(Array.isArray(addresses) ? addresses : [])];
  return all.some((one) => String(recordOf(one)['url']).startsWith('https:'));
}
