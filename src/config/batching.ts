/** Micro-batching: several requests in one call of the predictor. */

import { integer, milliseconds, type SettingGroup } from './setting.ts';

export const batchSettings = {
  batchMaxSize: {
    env: 'BATCH_MAX_SIZE',
    schema: integer(1, 10_000),
    fallback: '1',
    doc: 'Micro-batching, over HTTP and Kafka: most rows of a call of the predictor that several requests are merged into; 1 is off. Requests are merged along the first axis of their `ndarray`, `tensor`, `instances` or `inputs` where all else in them is the same, to the byte; each gets its own part of the answer. For models that answer row by row, and take so many rows. Give it calls to merge: with Kafka, `KAFKA_WORKERS` several times as large.',
  },
  batchMaxWaitMs: {
    env: 'BATCH_MAX_WAIT_MS',
    schema: milliseconds(0),
    fallback: '5',
    doc: 'How long a request waits for others to be merged with; a full batch goes at once.',
  },
} as const satisfies SettingGroup;
