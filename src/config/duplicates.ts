/** Answers kept for events that are delivered again late. */

import { integer, milliseconds, type SettingGroup } from './setting.ts';

export const duplicateSettings = {
  dedupMaxEntries: {
    env: 'DEDUP_MAX_ENTRIES',
    schema: integer(0, 10_000_000),
    fallback: '0',
    doc: 'How many answers to events over HTTP are kept for duplicates that come late; 0 keeps none. Duplicates of an event that is being predicted share its prediction in any case.',
  },
  dedupMaxBytes: {
    env: 'DEDUP_MAX_BYTES',
    schema: integer(1, 2 ** 40),
    fallback: String(64 * 1024 * 1024),
    doc: 'How much memory these answers may take, by estimate.',
  },
  dedupTtlMs: {
    env: 'DEDUP_TTL_MS',
    schema: milliseconds(1),
    fallback: '600000',
    doc: 'How long such an answer is kept.',
  },
} as const satisfies SettingGroup;
