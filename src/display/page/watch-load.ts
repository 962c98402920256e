/**
 * Reads the adapters' metrics at an interval, only while it is asked to.
 *
 * An http address whose host has several, such as a headless Service, is asked at each of them.
 */

import { promises as dns, type LookupAddress } from 'node:dns';
import { type Load, loadOf, type Reading, readMetrics } from './load.ts';

export interface WatchLoadOptions {
  /** Asked each time; without any, nothing is told. */
  readonly urls: () => readonly URL[];
  readonly onLoad: (load: Load) => void;
}

/** All addresses of a host; none where it cannot be found. */
export type LookUp = (host: string) => Promise<readonly LookupAddress[]>;

export interface LoadWatch {
  readonly start: () => void;
  readonly stop: () => void;
}

const intervalMs = 2_000;
const timeoutMs = 2_000;
const maxBytes = 8 * 1024 * 1024;
const maxTargets = 64;

const lookUpByDns: LookUp = (host) => dns.lookup(host, { all: true }).catch(() => []);

export function createLoadWatch(
  { urls, onLoad }: WatchLoadOptions,
  lookUp: LookUp = lookUpByDns,
): LoadWatch {
  /** Counts starts and stops: a reading that was begun before the last of them tells nothing. */
  let turn = 0;
  let isWatching = false;
  let timer: NodeJS.Timeout | undefined;
  let before: readonly Reading[] = [];

  const watch = async (ownTurn: number): Promise<void> => {
    const all = await Promise.all(urls().map((url) => targetsOf(url, lookUp)));
    const targets = all.flat().slice(0, maxTargets);
    const read = await Promise.all(targets.map(readTarget));
    if (ownTurn !== turn) return;
    const now = read.filter((reading) => reading !== undefined);
    if (targets.length > 0) onLoad(loadOf(targets.length, now, before));
    before = now;
    timer = setTimeout(() => void watch(ownTurn), intervalMs);
  };
  return {
    start() {
      if (isWatching) return;
      isWatching = true;
      turn += 1;
      before = [];
      void watch(turn);
    },
    stop() {
      isWatching = false;
      turn += 1;
      clearTimeout(timer);
    },
  };
}

async function targetsOf(url: URL, lookUp: LookUp): Promise<string[]> {
  // A certificate is for the name, so that https is asked by name alone.
  if (url.protocol !== 'http:' || /^[\d.]+$|^\[/.test(url.hostname)) return [url.href];
  const addresses = await lookUp(url.hostname);
  // A name with an address of each family is mostly one server.
  const oneFamily = addresses.filter(({ family }) => family === addresses[0]?.family);
  if (oneFamily.length < 2) return [url.href];
  return oneFamily.map(({ address, family }) => {
    const target = new URL(url);
    target.hostname = family === 6 ? `[${address}]` : address;
    return target.href;
  });
}

/** @returns undefined where there is no answer, none in time, or too much of it */
async function readTarget(target: string): Promise<Reading | undefined> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { accept: 'text/plain;version=0.0.4' };
    const response = await fetch(target, { headers, signal, redirect: 'error' });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes) return undefined;
    }
    if (!response.ok) return undefined;
    return readMetrics(target, Buffer.concat(chunks).toString('utf8'), performance.now());
  } catch {
    return undefined;
  }
}
