/**
 * One replay: an error topic's records, as it holds them now, back to the topics they came from.
 *
 * T1 A record that is asked for and cannot be sent back is named, and the others go on.
 * T2 It ends by itself: at the offsets where the topic ended when it began, or at the limit.
 */

import { randomUUID } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';
import type { Random, Schedule } from '../delivery/ports.ts';
import type { InputRecord } from '../delivery/record.ts';
import { decideReplay, type ReplayFilter, type ReplayRecord } from '../delivery/replay-record.ts';
import { describeRecord, type ReplayTotals, replaySummary } from '../delivery/replay-report.ts';
import { membersOf } from './group-members.ts';
import { readToEnd } from './replay-reader.ts';
import { createReplayWriter, type ReplayWriter } from './replay-writer.ts';

export interface ReplayOptions {
  /** The error topic. */
  readonly topic: string;
  /** Where positions are kept; undefined: from the beginning, every time. */
  readonly group: string | undefined;
  readonly filter: ReplayFilter;
  /** Most records to send. */
  readonly limit: number;
  /** Sends and commits nothing. */
  readonly isDryRun: boolean;
  readonly sessionTimeoutMs: number;
}

export interface ReplayDeps {
  readonly kafka: Kafka;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly print: (line: string) => void;
}

export interface Replay {
  /** Resolves when it is over: with whether every record that was asked for was sent. */
  readonly done: Promise<boolean>;
  /** Ends it: what is being written is waited for for a moment. */
  readonly stop: () => Promise<void>;
}

/** Begins at once. */
export function startReplay(options: ReplayOptions, deps: ReplayDeps): Replay {
  const { kafka, print } = deps;
  const calling = new AbortController();
  const { signal } = calling;
  const totals: ReplayTotals = { read: 0, passed: 0, replayed: 0, refused: 0, failed: 0 };
  const admin = kafka.admin();

  const run = async (): Promise<boolean> => {
    const writer = createReplayWriter({ ...deps, admin, signal });
    try {
      await admin.connect();
      await check(options, { admin, schedule: deps.schedule });
      await read(writer);
      return totals.refused + totals.failed === 0;
    } catch (error) {
      print(`The replay failed: ${error instanceof Error ? error.message : String(error)}.`);
      return false;
    } finally {
      print(replaySummary(totals, options.isDryRun));
      await writer.close();
      await admin.disconnect().catch(() => undefined);
    }
  };

  const read = async (writer: ReplayWriter): Promise<void> => {
    const { topic, group, isDryRun, sessionTimeoutMs } = options;
    const groupId = group ?? `seldon-eventing-replay-${randomUUID()}`;
    const take = createTake(options, { writer, totals, print });
    const resumes = group !== undefined;
    try {
      await readToEnd(
        { topic, groupId, resumes, commits: resumes && !isDryRun, sessionTimeoutMs },
        { ...deps, admin, signal, take },
      );
    } finally {
      // Nobody asks for it again.
      if (!resumes) await admin.deleteGroups([groupId]).catch(() => undefined);
    }
  };

  const done = run();
  return {
    done,
    stop: async () => {
      calling.abort();
      await done;
    },
  };
}

/** @throws Error where it cannot be done, with what to do */
async function check(
  { topic, group }: ReplayOptions,
  deps: { readonly admin: Admin; readonly schedule: Schedule },
): Promise<void> {
  const { admin } = deps;
  if (!(await admin.listTopics()).includes(topic)) {
    throw new Error(`topic ${topic} does not exist, or may not be seen by this user`);
  }
  if (group === undefined) return;
  const members = await membersOf(group, deps);
  if (members > 0) {
    throw new Error(
      `group ${group} has ${members} members at work: name a group of its own for this replay`,
    );
  }
}

interface TakeDeps {
  readonly writer: ReplayWriter;
  readonly totals: ReplayTotals;
  readonly print: (line: string) => void;
}

interface Planned {
  readonly input: InputRecord;
  readonly record: ReplayRecord;
}

/** @returns what deals with the records of one partition after those of another */
function createTake({ topic, filter, limit, isDryRun }: ReplayOptions, deps: TakeDeps) {
  const { writer, totals, print } = deps;
  /** One partition's batch at a time, or they would pass the limit together. */
  let before: Promise<unknown> = Promise.resolve();

  const refuse = (input: InputRecord, reason: string): void => {
    totals.refused += 1;
    print(`refused ${describeRecord(input)}: ${reason}`);
  };

  const plan = async (input: InputRecord): Promise<Planned | undefined> => {
    const decision = decideReplay(input, filter, topic);
    totals.read += 1;
    switch (decision.kind) {
      case 'passed':
        totals.passed += 1;
        return undefined;
      case 'refused':
        refuse(input, decision.reason);
        return undefined;
      case 'replay': {
        const { record } = decision;
        if (await writer.exists(record.topic)) return { input, record };
        refuse(input, `its topic ${record.topic} does not exist any more`);
        return undefined;
      }
      default:
        return decision satisfies never;
    }
  };

  /** @returns whether it is dealt with */
  const send = async ({ input, record }: Planned): Promise<boolean> => {
    const written = isDryRun ? { kind: 'written' as const } : await writer.write(record);
    if (written.kind === 'called-off') {
      totals.read -= 1;
      return false;
    }
    if (written.kind === 'written') {
      totals.replayed += 1;
      print(
        `${isDryRun ? 'would replay' : 'replayed'} ${describeRecord(input)} to ${record.topic}`,
      );
    } else {
      totals.failed += 1;
      print(`failed ${describeRecord(input)}: ${written.reason}`);
    }
    return true;
  };

  const take = async (records: readonly InputRecord[]) => {
    const planned: Planned[] = [];
    let looked = 0;
    for (const input of records) {
      if (totals.replayed + planned.length >= limit) break;
      looked += 1;
      const one = await plan(input);
      if (one !== undefined) planned.push(one);
    }
    const dealtWith = await Promise.all(planned.map(send));
    const first = planned[dealtWith.indexOf(false)];
    const done = first === undefined ? looked : records.indexOf(first.input);
    return { done, goOn: totals.replayed < limit };
  };

  return (records: readonly InputRecord[]) => {
    const mine = before.then(() => take(records));
    before = mine.catch(() => undefined);
    return mine;
  };
}
