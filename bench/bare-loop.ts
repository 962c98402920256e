/**
 * The least that a Kafka adapter can do at least once: kafkajs' eachBatch, 16 predictions at a
 * time, outputs written in batches, a commit after each. No order, retries, error topic, deadline,
 * reply ids or metrics. argv: predictor's URL, broker, input topic, output topic, group.
 */

import { Kafka, type KafkaMessage, logLevel, type Message, Partitioners } from 'kafkajs';
import { Pool } from 'undici';

const [predictorUrl = '', broker = '', inputTopic = '', outputTopic = '', groupId = ''] =
  process.argv.slice(2);
const concurrency = 16;
/** As many records go into a produce request as the adapter puts there. */
const chunkSize = 256;

const pool = new Pool(predictorUrl, { connections: concurrency });
const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId, maxBytesPerPartition: 512 * 1024 });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });

async function predict({ key, value }: KafkaMessage): Promise<Message> {
  const answer = await pool.request({
    path: '/predict',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: value,
  });
  const body = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200) throw new Error(`the predictor answered ${answer.statusCode}`);
  return { key, value: body, headers: { 'content-type': 'application/json' } };
}

async function predictAll(messages: readonly KafkaMessage[]): Promise<Message[]> {
  const outputs = new Array<Message>(messages.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < messages.length; i = next++) {
      const message = messages[i];
      if (message !== undefined) outputs[i] = await predict(message);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return outputs;
}

await Promise.all([consumer.connect(), producer.connect()]);
await consumer.subscribe({ topic: inputTopic, fromBeginning: true });
process.on('SIGTERM', () => process.exit());
console.log(JSON.stringify({ url: predictorUrl }));
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch, heartbeat }) => {
    const { messages, topic, partition } = batch;
    for (let start = 0; start < messages.length; start += chunkSize) {
      const chunk = messages.slice(start, start + chunkSize);
      const outputs = await predictAll(chunk);
      await producer.send({ topic: outputTopic, acks: -1, messages: outputs });
      const offset = String(Number(chunk.at(-1)?.offset) + 1);
      await consumer.commitOffsets([{ topic, partition, offset }]);
      await heartbeat();
    }
  },
});
