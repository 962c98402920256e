/** What reconciling is made of in either mode. */

import { createHash } from 'node:crypto';
import { type BackoffOptions, backoffMs } from '../delivery/backoff.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import type { Contest } from './contest.ts';
import type { Finding } from './render/finding.ts';
import type { AddressFields } from './status.ts';
import type { Triggers } from './triggers.ts';
import type { StatusWrite } from './write-status.ts';

/** A Secret that is created is found this soon; the first look is for those applied together. */
const obstacleBackoff: BackoffOptions = { baseMs: 1_000, maxMs: 30_000 };

/** How soon it is to be looked at again, though nothing is seen to change. */
export function againAfter(obstructed: number, written: StatusWrite, random: () => number) {
  const waits = [
    ...(obstructed > 0 ? [backoffMs(obstructed, obstacleBackoff, random)] : []),
    ...(written.kind === 'held' ? [written.forMs] : []),
  ];
  return waits.length === 0 ? undefined : { requeueAfterMs: Math.min(...waits) };
}

/** A condition's time: to the second, as Kubernetes writes it. */
export const rfc3339 = (msSince1970: number): string =>
  new Date(msSince1970).toISOString().replace(/\.\d+Z$/, 'Z');

/** What is to be told of another writer of this status. */
export function contestedBy({ metadata }: KubeObject, contest: Contest): Finding | undefined {
  const other = contest.contestedBy(metadata.uid ?? '');
  if (other === undefined) return undefined;
  const message = `${other} keeps undoing this status; it is repaired each time, more and more slowly. Let only one controller write it: beside Seldon's operator set CONTROLLER_MODE=attached`;
  return { reason: 'AnotherWriter', message };
}

/**
 * What Triggers are told of an address, by which they know whether it is another: its URL, and a
 * mark of who may be trusted there and whom tokens are for. They have to take those anew as well.
 */
export function announced(address: AddressFields['address']): string | undefined {
  if (address === undefined) return undefined;
  const { url, CACerts, audience } = address;
  if (CACerts === undefined && audience === undefined) return url;
  const text = JSON.stringify([CACerts, audience]);
  return `${url} ${createHash('sha256').update(text).digest('hex').slice(0, markLength)}`;
}

const markLength = 12;

/** Has Triggers touched where the address is another than `told`. @returns what they are told */
export function tellTriggers(
  live: KubeObject,
  { address }: AddressFields,
  told: string | undefined,
  triggers: Pick<Triggers, 'addressed'>,
): string | undefined {
  const url = announced(address);
  if (url !== undefined && url !== told) {
    triggers.addressed(live.metadata.namespace ?? '', live.metadata.name, url);
  }
  return url;
}
