/** Asks a group's coordinator again while it, or the topic that it keeps offsets in, is coming up. */

import type { Schedule } from '../delivery/ports.ts';
import { protocolErrorOf } from './protocol-error.ts';

/** As kafkajs names them. */
const passing = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);
/** kafkajs has a name of its own for having asked for the coordinator in vain. */
const isPassing = (error: unknown): boolean =>
  passing.has(protocolErrorOf(error) ?? '') ||
  (error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound');

const pauseMs = 250;

export interface Patience {
  /** Of the pauses between attempts, in ms. */
  readonly patienceMs: number;
  readonly schedule: Schedule;
}

/** @throws what the last attempt threw: any other error at once, these when patience is over */
export async function onceCoordinated<Answer>(
  ask: () => Promise<Answer>,
  { patienceMs, schedule }: Patience,
): Promise<Answer> {
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || waitedMs >= patienceMs) throw error;
    }
    await new Promise<void>((resolve) => schedule(pauseMs, resolve));
  }
}
