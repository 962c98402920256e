/** Whether Kafka has transactions for us, found out before the group is joined. */

import type { Kafka } from 'kafkajs';
import { placeOutput } from '../place-output.ts';
import { hintOf, judge, refusalOf, type TransactionNames } from './fault.ts';

/** What stands in the way, and what to do about it: asking again soon does not help. */
export class TransactionsRefusedError extends Error {
  override readonly name = 'TransactionsRefusedError';
}

export interface CheckOptions extends TransactionNames {
  readonly transactionTimeoutMs: number;
}

/**
 * Makes a transaction of the group's that holds nothing, and aborts it.
 * @throws TransactionsRefusedError where somebody has to change something; else what went wrong
 */
export async function checkTransactions(
  options: CheckOptions,
  { kafka }: { readonly kafka: Kafka },
): Promise<void> {
  const { transactionalId, consumerGroup, transactionTimeoutMs } = options;
  const producer = kafka.producer({
    transactionalId,
    transactionTimeout: transactionTimeoutMs,
    maxInFlightRequests: 1,
    createPartitioner: placeOutput,
    retry: { retries: 0 },
  });
  try {
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.sendOffsets({ consumerGroupId: consumerGroup, topics: [] });
    await transaction.abort();
  } catch (error) {
    // Another member makes the same check at the same time, and so it passes.
    if (judge(error) === 'fenced') return;
    const refusal = refusalOf(error, options);
    if (refusal !== undefined) throw new TransactionsRefusedError(refusal, { cause: error });
    const hint = hintOf(error, options);
    throw hint === undefined ? error : new Error(hint, { cause: error });
  } finally {
    await producer.disconnect().catch(() => undefined);
  }
}
