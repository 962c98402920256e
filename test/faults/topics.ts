/** The topics of a cell, and their contents as kcat reads them: it shares no code with what is tried. */

import type { Ordering } from '../../src/delivery/releaser.ts';
import { kcat } from '../support/kcat.ts';
import type { TopicRecord } from './checks.ts';
import type { Cluster } from './cluster.ts';
import { insist, within } from './patience.ts';
import { isCompacted } from './workload.ts';

export interface CellTopics {
  readonly input: string;
  readonly output: string;
  readonly errors: string;
}

export const partitionCount = 6;

const topicConfigs = (configs: Readonly<Record<string, string>>) =>
  Object.entries(configs).map(([name, value]) => ({ name, value }));

/** What an error topic is made with; all of it, since a change of configs replaces them all. */
const errorConfigs = { 'min.insync.replicas': '2' };

/** Compaction leaves the newest segment alone, so they are short. */
const compaction = {
  'cleanup.policy': 'compact,delete',
  'segment.ms': '2000',
  'min.cleanable.dirty.ratio': '0.01',
  'max.compaction.lag.ms': '2000',
};

/** Creates the topics of a cell. */
export async function createTopics(
  cluster: Cluster,
  name: string,
  ordering: Ordering,
): Promise<CellTopics> {
  const topics = { input: `${name}.in`, output: `${name}.out`, errors: `${name}.out.errors` };
  const all = [
    { topic: topics.input, configs: isCompacted(ordering) ? compaction : {} },
    { topic: topics.output, configs: {} },
    { topic: topics.errors, configs: errorConfigs },
  ];
  await cluster.ask('creating topics', async (admin) => {
    const existing = await admin.listTopics();
    await admin.createTopics({
      waitForLeaders: true,
      topics: all
        .filter(({ topic }) => !existing.includes(topic))
        .map(({ topic, configs }) => ({
          topic,
          numPartitions: topic === topics.errors ? 2 : partitionCount,
          configEntries: topicConfigs(configs),
        })),
    });
  });
  return topics;
}

/** kafkajs' ConfigResourceTypes.TOPIC, which Node cannot import by name from its CommonJS. */
const topicResource = 2;

/**
 * Less than any error record has, and more than the 78 bytes of a transaction's marker: where Kafka
 * 4.3.1 finds a marker too large it gives up, and the transaction is never settled.
 */
const refusedBytes = '150';

/** Makes the error topic refuse every record, or take them again. */
export async function refuseErrors(
  cluster: Cluster,
  { errors }: CellTopics,
  refused: boolean,
): Promise<void> {
  const configs = { ...errorConfigs, ...(refused && { 'max.message.bytes': refusedBytes }) };
  const resource = { type: topicResource, name: errors, configEntries: topicConfigs(configs) };
  await cluster.ask('changing the error topic', (admin) =>
    admin.alterConfigs({ validateOnly: false, resources: [resource] }),
  );
}

/** What kcat -J prints. */
interface Printed {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers?: readonly string[];
}

/** All that a `read_committed` reader gets of a topic, in the order of each partition. */
export async function readTopic(cluster: Cluster, topic: string): Promise<TopicRecord[]> {
  const args = ['-C', '-b', cluster.bootstrap.join(','), '-t', topic, '-o', 'beginning'];
  const how = ['-e', '-q', '-J', '-X', 'isolation.level=read_committed'];
  const bytes = await insist(`reading ${topic}`, 90_000, () =>
    within('kcat', 40_000, kcat([...args, ...how])),
  );
  const lines = bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => recordOf(JSON.parse(line)));
}

function recordOf({ partition, offset, key, payload, headers = [] }: Printed): TopicRecord {
  const named: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) {
    named[(headers[i] ?? '').toLowerCase()] = headers[i + 1] ?? '';
  }
  return { partition, offset, key, value: payload, headers: named };
}
