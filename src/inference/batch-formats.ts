/** The registry of what micro-batching knows of each protocol. */

import type { BatchFormat } from './batch-format.ts';
import type { ProtocolName } from './protocol.ts';
import { seldonBatch } from './seldon/batch.ts';
import { tensorflowBatch } from './tensorflow/batch.ts';
import { v2Batch } from './v2/batch.ts';

export const batchFormats: Readonly<Record<ProtocolName, BatchFormat>> = {
  seldon: seldonBatch,
  tensorflow: tensorflowBatch,
  v2: v2Batch,
};
