/** What is written to topics and how they are made: compression and creation. */

import zlib from 'node:zlib';
import { integer, oneOf, type SettingGroup, yesOrNo } from './setting.ts';

const hasZstd = 'zstdCompress' in zlib;

const compression = oneOf(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
  .refine(
    (word) => word !== 'zstd' || hasZstd,
    `zstd needs Node 22.15 or later, and this is ${process.versions.node}: run on a later Node, or choose lz4`,
  )
  .meta({ title: '`none`, `gzip`, `snappy`, `lz4`, `zstd`' });

export const kafkaTopicSettings = {
  createTopics: {
    env: 'KAFKA_CREATE_TOPICS',
    schema: yesOrNo,
    isSwitch: true,
    fallbackText:
      '`true` where KAFKA_NUM_PARTITIONS or KAFKA_REPLICATION_FACTOR is set, else `false`',
    doc: 'Whether input, output and error topic are created where they are missing. Where that is off or refused they are waited for. A topic that exists is never changed.',
  },
  numPartitions: {
    env: 'KAFKA_NUM_PARTITIONS',
    schema: integer(1, 100_000),
    fallbackText: "the broker's `num.partitions`",
    doc: 'Partitions of topics that we create. A topic that has fewer is used as it is, with a warning.',
  },
  replicationFactor: {
    env: 'KAFKA_REPLICATION_FACTOR',
    schema: integer(1, 32_767),
    fallbackText: "the broker's `default.replication.factor`",
    doc: 'Replicas of topics that we create.',
  },
  compression: {
    env: 'KAFKA_COMPRESSION',
    schema: compression,
    fallback: 'none',
    doc: 'What the records we write are compressed with. All of these are read, whatever is set here; `zstd` needs Node 22.15 or later for either.',
  },
} as const satisfies SettingGroup;
