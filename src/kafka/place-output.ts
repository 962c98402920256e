/** Which partition an output goes to (design.md §3.4). */

import { type ICustomPartitioner, type Message, Partitioners } from 'kafkajs';

/** A message that knows where it goes when it has no key. */
export interface PlacedMessage extends Message {
  readonly inputPartition: number;
}

/** By key as every Kafka client does (murmur2); without one, after the input's partition. */
export const placeOutput: ICustomPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner();
  return (args) => {
    const { key, inputPartition } = args.message as PlacedMessage;
    if (key !== null && key !== undefined) return byKey(args);
    return inputPartition % args.partitionMetadata.length;
  };
};
