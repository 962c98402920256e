import fc from 'fast-check';
import { AssignerProtocol } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../src/kafka/assigners/consumer-protocol.ts';
import {
  createOwnedPartitions,
  decodeOwnership,
  encodeOwnership,
} from '../../../../src/kafka/assigners/owned-partitions.ts';

const topic = fc.string({ minLength: 1, maxLength: 20 });
const partitions = fc
  .dictionary(
    topic.filter((t) => t !== '__proto__'),
    fc.array(fc.nat(), { maxLength: 5 }),
  )
  .map((byTopic) => new Map(Object.entries(byTopic)));

describe('what members of a group tell each other', () => {
  it('a subscription is read by kafkajs as it was meant, and the other way round', () => {
    fc.assert(
      fc.property(fc.array(topic), fc.uint8Array(), (topics, data) => {
        const userData = Buffer.from(data);
        const theirs = AssignerProtocol.MemberMetadata.decode(
          encodeSubscription({ topics, userData }),
        );
        expect(theirs).toEqual({ version: 0, topics, userData });
        const ours = AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData });
        expect(decodeSubscription(ours)).toEqual({ topics, userData });
      }),
    );
  });

  it('an assignment is read by kafkajs as it was meant', () => {
    fc.assert(
      fc.property(partitions, (assigned) => {
        const theirs = AssignerProtocol.MemberAssignment.decode(encodeAssignment(assigned));
        expect(theirs?.assignment).toEqual(Object.fromEntries(assigned));
      }),
    );
  });

  it('a newer subscription, which goes on after the user data, is read', () => {
    const bytes = encodeSubscription({ topics: ['a', 'b'], userData: undefined });
    bytes.writeInt16BE(3);
    const more = Buffer.from('00000001000161000000010000000200000005ffff', 'hex');
    expect(decodeSubscription(Buffer.concat([bytes, more]))).toEqual({
      topics: ['a', 'b'],
      userData: undefined,
    });
  });

  it('bytes cut short or made up are told from a subscription, and cost no memory', () => {
    const bytes = encodeSubscription({ topics: ['a', 'b'], userData: Buffer.from('x') });
    for (let end = 0; end < bytes.length; end += 1) {
      expect(decodeSubscription(bytes.subarray(0, end))).toBeUndefined();
    }
    // A list of two thousand million topics, and one of a negative length.
    expect(decodeSubscription(Buffer.from('00007fffffff', 'hex'))).toBeUndefined();
    expect(decodeSubscription(Buffer.from('0000fffffffeffffffff', 'hex'))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => void decodeSubscription(any)),
    );
  });

  it('what a member has is read back; anything else in its place is ignored', () => {
    fc.assert(
      fc.property(partitions, fc.nat(), (owned, generation) => {
        const bytes = encodeOwnership({ generation, partitions: owned });
        expect(decodeOwnership(bytes)).toEqual({ generation, partitions: owned });
        expect(decodeOwnership(bytes.subarray(0, -1))).toBeUndefined();
      }),
    );
    expect(decodeOwnership(undefined)).toBeUndefined();
    expect(decodeOwnership(Buffer.alloc(0))).toBeUndefined();
    expect(decodeOwnership(encodeOwnership({ generation: -1, partitions: new Map() }))).toBe(
      undefined,
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => void decodeOwnership(any)));
  });
});

describe('what this member has', () => {
  it('is of the generation that a heartbeat told, or of one later than before', () => {
    const owned = createOwnedPartitions();
    expect(owned.get()).toBeUndefined();
    owned.joined(new Map([['t', [0]]]));
    expect(owned.get()?.generation).toBe(0);
    owned.heartbeat(7);
    expect(owned.get()?.generation).toBe(7);
    owned.joined(new Map([['t', [1]]]));
    expect(owned.get()).toEqual({ generation: 8, partitions: new Map([['t', [1]]]) });
    owned.heartbeat(8);
    expect(owned.get()?.generation).toBe(8);
  });
});
