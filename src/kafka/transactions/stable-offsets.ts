/** Reads where the group stands once nothing is left that could change it. */

import type { CommittedOffset } from '../../delivery/committer.ts';
import { type Coordinators, coordinatorKind } from './coordinators.ts';
import { decodeOffsetFetch, encodeOffsetFetch, offsetFetch } from './offset-fetch.ts';
import { askRaw, hasApi } from './raw-request.ts';

/** @throws where the coordinator cannot tell now, or is of before Kafka 2.5 */
export type ReadStableOffset = (partition: number) => Promise<CommittedOffset>;

export interface StableOffsetsOptions {
  readonly consumerGroup: string;
  readonly inputTopic: string;
}

/** Makes the reader of one group and topic. */
export const createStableOffsets =
  ({ consumerGroup, inputTopic }: StableOffsetsOptions, coordinators: Coordinators) =>
  (partition: number): Promise<CommittedOffset> =>
    coordinators.ask({ kind: coordinatorKind.group, key: consumerGroup }, async (broker) => {
      if (!hasApi(broker, offsetFetch)) {
        throw Object.assign(new Error('brokers before Kafka 2.5 do not tell stable offsets'), {
          type: 'UNSUPPORTED_VERSION',
        });
      }
      return askRaw(broker, {
        api: offsetFetch,
        body: encodeOffsetFetch(consumerGroup, inputTopic, partition),
        decode: decodeOffsetFetch,
      });
    });
