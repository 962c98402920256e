/**
 * Answers kept for duplicates that come late.
 *
 * K1 Bounded by entries and by bytes; the least recently used goes first.
 * K2 An answer is kept for `ttlMs` from when it was given, however often it is asked for.
 * K3 The bytes are its own: a reply's data may be a slice of a far larger buffer.
 */

import type { Outcome } from './outcome.ts';
import type { Now } from './ports.ts';
import { createRecencyList, type Listed } from './recency-list.ts';

export type KeptOutcome = Extract<Outcome, { readonly kind: 'replied' | 'accepted' }>;

export interface DuplicateStoreOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly ttlMs: number;
}

export interface DuplicateStoreDeps {
  readonly now: Now;
  /** An answer was given up before its time, for want of room. */
  readonly evicted: () => void;
}

export interface DuplicateStore {
  /** Whether answers are kept to this key, whatever the work was. */
  readonly knows: (key: string) => boolean;
  readonly find: (key: string, digest: string) => KeptOutcome | undefined;
  readonly keep: (key: string, digest: string, outcome: KeptOutcome) => void;
  readonly entries: () => number;
  readonly bytes: () => number;
}

interface Kept extends Listed<Kept> {
  readonly key: string;
  /** Key and digest: where it is found. */
  readonly at: string;
  readonly outcome: KeptOutcome;
  readonly bytes: number;
  readonly expiresAt: number;
}

/** What an entry takes beside its texts and its data: objects, Maps, digests; measured, rounded up. */
const overheadBytes = 1_000;

/** Makes an empty store. */
export function createDuplicateStore(
  { maxEntries, maxBytes, ttlMs }: DuplicateStoreOptions,
  { now, evicted }: DuplicateStoreDeps,
): DuplicateStore {
  const kept = new Map<string, Kept>();
  const byUse = createRecencyList<Kept>();
  /** How many answers are kept to each key: more than one where its data differed. */
  const keys = new Map<string, number>();
  let bytes = 0;

  const place = (key: string, digest: string): string => `${key}\n${digest}`;

  const drop = (entry: Kept): void => {
    const { key } = entry;
    kept.delete(entry.at);
    byUse.remove(entry);
    bytes -= entry.bytes;
    const others = (keys.get(key) ?? 1) - 1;
    if (others === 0) keys.delete(key);
    else keys.set(key, others);
  };

  /** Forgets what is over; what was asked for meanwhile goes when it is found, or its turn comes. */
  const sweep = (): void => {
    const time = now();
    for (let entry = byUse.oldest(); entry !== undefined; entry = byUse.oldest()) {
      if (entry.expiresAt > time) return;
      drop(entry);
    }
  };

  const makeRoom = (): void => {
    for (let entry = byUse.oldest(); entry !== undefined; entry = byUse.oldest()) {
      if (kept.size <= maxEntries && bytes <= maxBytes) return;
      drop(entry);
      evicted();
    }
  };

  return {
    knows: (key) => {
      sweep();
      return keys.has(key);
    },
    find: (key, digest) => {
      const entry = kept.get(place(key, digest));
      if (entry === undefined) return undefined;
      if (entry.expiresAt <= now()) {
        drop(entry);
        return undefined;
      }
      byUse.remove(entry);
      byUse.add(entry);
      return entry.outcome;
    },
    keep: (key, digest, outcome) => {
      sweep();
      const at = place(key, digest);
      const before = kept.get(at);
      if (before !== undefined) drop(before);
      const size = sizeOf(key, outcome);
      // It would push out everything, and then itself.
      if (size > maxBytes) {
        evicted();
        return;
      }
      const entry: Kept = {
        ...{ key, at, outcome: owned(outcome), bytes: size, expiresAt: now() + ttlMs },
        ...{ older: undefined, newer: undefined },
      };
      kept.set(at, entry);
      byUse.add(entry);
      keys.set(key, (keys.get(key) ?? 0) + 1);
      bytes += size;
      makeRoom();
    },
    entries: () => {
      sweep();
      return kept.size;
    },
    bytes: () => bytes,
  };
}

function owned(outcome: KeptOutcome): KeptOutcome {
  if (outcome.kind === 'accepted' || outcome.reply.data === undefined) return outcome;
  const data = Buffer.allocUnsafeSlow(outcome.reply.data.byteLength);
  data.set(outcome.reply.data);
  return { ...outcome, reply: { ...outcome.reply, data } };
}

/** In bytes, two for each character of a text. */
function sizeOf(key: string, outcome: KeptOutcome): number {
  // The key stands in both Maps.
  let characters = 2 * key.length;
  if (outcome.kind === 'accepted') return overheadBytes + 2 * characters;
  const { reply, puid } = outcome;
  characters += puid.length + reply.id.length + reply.source.length + reply.type.length;
  for (const [name, value] of reply.attributes) characters += name.length + String(value).length;
  return overheadBytes + 2 * characters + (reply.data?.byteLength ?? 0);
}
