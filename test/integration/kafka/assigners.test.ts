/** Partitions are divided so that every one is read, whoever is in the group with us. */

import { AssignerProtocol } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { stickyProtocol } from '../../../src/kafka/assigners/assigners.ts';
import { useBroker } from '../../support/broker.ts';
import {
  javaToolsMissing,
  type StartGroupMate,
  startConsoleConsumer,
  startKcat,
} from '../../support/group-mates.ts';
import {
  eventRecord,
  eventually,
  type KafkaCase,
  outputsOf,
  untilWritten,
  useKafkaCases,
} from '../../support/kafka-case.ts';
import { kcatMissing } from '../../support/kcat.ts';

const broker = await useBroker();

interface Member {
  readonly id: string;
  readonly ours: boolean;
  readonly partitions: readonly number[];
}

/** The group when it has come to rest with so many members. */
async function settled(
  c: KafkaCase,
  count: number,
): Promise<{ protocol: string; members: Member[] }> {
  let last: { protocol: string; members: Member[] } | undefined;
  await eventually(`${count} members`, async () => {
    const [group] = (await c.admin.describeGroups([c.group])).groups;
    if (group?.state !== 'Stable' || group.members.length !== count) return false;
    const members = group.members.map((member) => ({
      id: member.memberId,
      ours: member.clientId.startsWith('seldon-eventing'),
      partitions:
        AssignerProtocol.MemberAssignment.decode(member.memberAssignment)?.assignment[c.input] ??
        [],
    }));
    last = { protocol: group.protocol, members };
    return true;
  });
  if (last === undefined) throw new Error('the group was not seen');
  return last;
}

const allPartitions = (members: readonly Member[]): number[] =>
  members.flatMap(({ partitions }) => partitions).sort((a, b) => a - b);

const partitions = 6;
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** Events whose payload tells their number, since other clients print payloads. */
const send = (c: KafkaCase, from: number, to: number): Promise<void> =>
  c.produce(range(from, to).map((n) => eventRecord(n, partitions, `#${n}#`)));
const numbersIn = (values: readonly string[]): number[] =>
  values.map((value) => Number(/#(\d+)#/.exec(value)?.[1]));

describe.skipIf(broker.missing)('a group of ours alone', () => {
  const begin = useKafkaCases(broker);

  test('a member that joins takes its share and no more, and its share is given back when it leaves', async () => {
    const c = await begin({ partitions });
    await c.start();
    await c.start();
    const two = await settled(c, 2);
    expect(two.protocol).toBe(stickyProtocol);
    expect(two.members.map((m) => m.partitions.length)).toEqual([3, 3]);
    const third = await c.start();
    const three = await settled(c, 3);
    expect(allPartitions(three.members)).toEqual(range(0, partitions));
    for (const before of two.members) {
      const now = three.members.find(({ id }) => id === before.id);
      expect(now?.partitions).toHaveLength(2);
      expect(before.partitions).toEqual(expect.arrayContaining([...(now?.partitions ?? [])]));
    }
    await third.stop();
    const rest = await settled(c, 2);
    expect(allPartitions(rest.members)).toEqual(range(0, partitions));
    for (const before of three.members) {
      const now = rest.members.find(({ id }) => id === before.id);
      if (now === undefined) continue;
      expect(now.partitions).toEqual(expect.arrayContaining([...before.partitions]));
    }
    await c.send(0, 60);
    await untilWritten(c, 'output', 60);
    expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual(range(0, 60));
  });
});

const mates: [string, boolean, StartGroupMate][] = [
  ['librdkafka', kcatMissing(), startKcat],
  ['Java', broker.missing || (await javaToolsMissing()), startConsoleConsumer],
];

describe.each(mates)('a group with a member that uses %s', (_, mateMissing, startMate) => {
  const begin = useKafkaCases(broker);

  test.skipIf(broker.missing || mateMissing).each([
    ['we lead', true],
    ['it leads', false],
  ])(
    '%s: every partition has one owner, and every record is read by its owner',
    async (_name, weLead) => {
      const c = await begin({ partitions });
      const options = { broker: String(broker.brokers[0]), topic: c.input, group: c.group };
      const startOurs = async () => {
        await c.start();
        await c.start();
      };
      if (weLead) {
        await startOurs();
        await settled(c, 2);
      }
      const mate = startMate(options);
      try {
        if (!weLead) {
          await settled(c, 1);
          await startOurs();
        }
        const { protocol, members } = await settled(c, 3);
        expect(protocol).toBe('range');
        expect(allPartitions(members)).toEqual(range(0, partitions));
        expect(members.map((m) => m.partitions.length)).toEqual([2, 2, 2]);

        await send(c, 0, 120);
        await untilWritten(c, 'output', 80);
        const theirs = new Set(members.find(({ ours }) => !ours)?.partitions);
        const read = () => numbersIn(mate.values()).sort((a, b) => a - b);
        await eventually('the other member has read its share', () => read().length === 40);
        expect(read()).toEqual(range(0, 120).filter((n) => theirs.has(n % partitions)));
        expect(outputsOf(c).toSorted((a, b) => a - b)).toEqual(
          range(0, 120).filter((n) => !theirs.has(n % partitions)),
        );
      } finally {
        await mate.end();
      }
      expect((await settled(c, 2)).protocol).toBe(stickyProtocol);
      await send(c, 120, 180);
      await untilWritten(c, 'output', 140);
      expect(
        outputsOf(c)
          .filter((n) => n >= 120)
          .toSorted((a, b) => a - b),
      ).toEqual(range(120, 180));
      expect(c.log.records(c.errors)).toEqual([]);
    },
  );
});
