/** How the Kafka path takes part in its consumer group. */

import { milliseconds, type SettingGroup } from './setting.ts';

export const kafkaGroupSettings = {
  leaveAfterMs: {
    env: 'KAFKA_LEAVE_AFTER_MS',
    schema: milliseconds(0),
    fallback: '30000',
    doc: 'After the own predictor has served nobody for so long, by its health route or because every call fails, the group is left, so that its other members take the partitions over, and joined again when the predictor is ready for good. The last member stays. 0: never.',
  },
} as const satisfies SettingGroup;
