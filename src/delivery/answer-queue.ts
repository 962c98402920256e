/** Answers that wait for a transaction, and how many of them go into the next one. */

import { countTogether } from './count-together.ts';
import type { Entry } from './partition.ts';
import type { OutputRecord } from './record.ts';

/** The answer of one record, on its way. */
export interface Answer {
  readonly entry: Entry;
  readonly to: 'outputs' | 'errors';
  readonly record: OutputRecord;
  /** Roughly. */
  readonly bytes: number;
  /** Written by itself, since a transaction with it was too large. */
  alone: boolean;
}

export interface TransactionLimits {
  maxItems: number;
  /** Of the outputs together, and of the error records together. */
  maxBytes: number;
  /** After a transaction answers gather for so long, unless there are enough before; in ms. */
  lingerMs: number;
}

export interface AnswerQueue {
  readonly push: (answer: Answer) => void;
  /** Takes what goes into one transaction: at least one, where there is one. */
  readonly take: () => Answer[];
  /**
   * Takes back what was not committed. By offset, which breaks no order: where a commit could not
   * hold what is answered beyond the position, those at the front must come along.
   */
  readonly giveBack: (answers: readonly Answer[]) => void;
  readonly length: () => number;
  /** There is enough for a transaction. */
  readonly isFull: () => boolean;
}

/** @param limits as they are at each transaction */
export function createAnswerQueue(limits: Readonly<TransactionLimits>): AnswerQueue {
  let queue: Answer[] = [];
  return {
    push: (answer) => queue.push(answer),
    take: () => {
      const total = { outputs: 0, errors: 0 };
      return queue.splice(
        0,
        countTogether(queue, limits, ({ to, bytes }) => {
          total[to] += bytes;
          return total[to];
        }),
      );
    },
    giveBack: (answers) => {
      queue = [...answers, ...queue].sort(byOffset);
    },
    length: () => queue.length,
    isFull: () => queue.length >= limits.maxItems,
  };
}

const byOffset = (a: Answer, b: Answer): number => a.entry.record.offset - b.entry.record.offset;
