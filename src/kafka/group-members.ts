/** Who is in a consumer group. */

import type { Admin } from 'kafkajs';
import type { Schedule } from '../delivery/ports.ts';
import { onceCoordinated } from './coordinator-patience.ts';

/** The first group of a new cluster waits for a topic to be made. */
const patienceMs = 30_000;

/** @throws what the broker says, where it is not over in half a minute */
export async function membersOf(
  groupId: string,
  { admin, schedule }: { readonly admin: Admin; readonly schedule: Schedule },
): Promise<number> {
  const ask = () => admin.describeGroups([groupId]);
  const { groups } = await onceCoordinated(ask, { patienceMs, schedule });
  return groups[0]?.members.length ?? 0;
}
