import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDescribeGroups,
  encodeDescribeGroups,
} from '../../../../src/kafka/inspect/describe-groups.ts';
import { decodeMetadata, encodeMetadata } from '../../../../src/kafka/inspect/metadata.ts';

const int16 = (value: number) => [(value >> 8) & 255, value & 255];
const int32 = (value: number) => [...int16(value >> 16), ...int16(value)];
const string = (value: string) => [...int16(value.length), ...Buffer.from(value)];
const nothing = [255, 255];

const read = 1 << 3;
const write = 1 << 4;
const describeIt = 1 << 8;
const untold = -(2 ** 31);

/** Written out by hand from the protocol's description. */
const partition = (id: number, leader: number) => [
  ...int16(leader < 0 ? 5 : 0),
  ...int32(id),
  ...int32(leader),
  ...int32(3),
  ...[...int32(2), ...int32(1), ...int32(2)],
  ...[...int32(1), ...int32(1)],
  ...int32(0),
];
const metadataAnswer = Buffer.from([
  ...int32(0),
  ...[...int32(1), ...int32(1), ...string('broker.example'), ...int32(9092), ...nothing],
  ...string('cluster'),
  ...int32(1),
  ...int32(3),
  ...[...int16(0), ...string('in'), 0, ...int32(2), ...partition(0, 1), ...partition(1, -1)],
  ...int32(read | describeIt),
  ...[...int16(3), ...string('gone'), 0, ...int32(0), ...int32(untold)],
  ...[...int16(0), ...string('out'), 0, ...int32(1), ...partition(0, 1), ...int32(write)],
  ...int32(untold),
]);
const groupAnswer = Buffer.from([
  ...int32(0),
  ...int32(1),
  ...int16(0),
  ...string('group'),
  ...string('Stable'),
  ...string('consumer'),
  ...string('range'),
  ...int32(1),
  ...[...string('member'), ...string('client'), ...string('/127.0.0.1')],
  ...[...int32(2), 1, 2, ...int32(0)],
  ...int32(read | describeIt),
]);

describe('Metadata', () => {
  it('is asked for with rights, and so that no topic is made', () => {
    expect([...encodeMetadata(['in'])]).toEqual([...int32(1), ...string('in'), 0, 0, 1]);
  });

  it('tells partitions, those without a leader, rights and errors', () => {
    const none = { error: 0, leaderless: 0 };
    expect(decodeMetadata(metadataAnswer)).toEqual([
      { ...none, name: 'in', partitions: 2, leaderless: 1, operations: ['READ', 'DESCRIBE'] },
      { ...none, name: 'gone', error: 3, partitions: 0, operations: undefined },
      { ...none, name: 'out', partitions: 1, operations: ['WRITE'] },
    ]);
  });
});

describe('DescribeGroups', () => {
  it('is asked for with rights', () => {
    expect([...encodeDescribeGroups('group')]).toEqual([...int32(1), ...string('group'), 1]);
  });

  it('tells state, members and rights', () => {
    expect(decodeDescribeGroups(groupAnswer)).toEqual({
      error: 0,
      state: 'Stable',
      members: 1,
      operations: ['READ', 'DESCRIBE'],
    });
  });
});

describe.each([
  ['Metadata', metadataAnswer, decodeMetadata],
  ['DescribeGroups', groupAnswer, decodeDescribeGroups],
])('%s that makes no sense', (_name, good, decode) => {
  it('comes to an error and nothing else, however long it says it is', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 60 }), (kept, junk) => {
        try {
          decode(Buffer.concat([good.subarray(0, kept), junk]));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it.each(Array.from({ length: good.length }, (_, length) => length))(
    'cut to %i bytes: an error',
    (length) => expect(() => decode(good.subarray(0, length))).toThrow(RangeError),
  );
});
