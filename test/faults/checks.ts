/**
 * What must hold of a cell once it is over, from what its topics hold: nothing lost, nothing out of
 * order, no answer twice where that is promised, no answer to another question. Pure.
 */

import { errorHeaders } from '../../src/delivery/error-record.ts';
import type { Ordering } from '../../src/delivery/releaser.ts';
import { isAnswerTo, markOf, marks, numberOf, sentRecord } from './workload.ts';

export const deliveries = ['at-least-once', 'exactly-once'] as const;
export type Delivery = (typeof deliveries)[number];

/** A record as a `read_committed` reader gets it. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Offsets of the input topic, `to` not included. */
export interface InputRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface CellLog {
  readonly ordering: Ordering;
  readonly delivery: Delivery;
  readonly partitions: number;
  readonly maxAttempts: number;
  /** All that was ever seen in the input topic, each once. */
  readonly inputs: readonly TopicRecord[];
  readonly outputs: readonly TopicRecord[];
  readonly errors: readonly TopicRecord[];
  /** Deleted on purpose before it was answered. */
  readonly removed: readonly InputRange[];
  /** Numbers of records that compaction took away: nobody may have seen them. */
  readonly compacted: ReadonlySet<number>;
  /** To be answered once more, since the group's offsets were taken back on purpose. */
  readonly rewound: readonly InputRange[];
}

export interface Findings {
  readonly records: number;
  /** With an output, or an error record. */
  readonly answered: number;
  readonly diverted: number;
  /** Without an answer since they were taken away on purpose: deleted, or compacted. */
  readonly gone: number;
  /** Answers beyond the first of each record. */
  readonly duplicates: number;
  /** What must not be, one line each. */
  readonly lost: readonly string[];
  readonly inversions: readonly string[];
  readonly wrong: readonly string[];
  /** Duplicates that exactly-once rules out. */
  readonly repeated: readonly string[];
}

const replyCause = 'ce_causationid';

/** Looks at everything; a finding names the record by number, partition and offset. */
export function checkCell(log: CellLog): Findings {
  const inputs = new Map(log.inputs.map((input) => [numberOf(input.headers['ce_id']), input]));
  const answers = countAnswers(log);
  const lost: string[] = [];
  let gone = 0;
  for (const [n, { partition, offset }] of inputs) {
    if (answers.has(n)) continue;
    if (log.compacted.has(n) || holdsOffset(log.removed, partition, offset)) gone += 1;
    else lost.push(`record ${n} at ${partition}/${offset} was never answered`);
  }
  return {
    records: inputs.size,
    answered: new Set(log.outputs.map(answeredBy)).size,
    diverted: new Set(log.errors.map(divertedBy)).size,
    gone,
    duplicates: [...answers.values()].reduce((sum, count) => sum + count - 1, 0),
    lost,
    inversions: findInversions(log, inputs),
    wrong: [...wrongOutputs(log), ...wrongErrors(log, inputs)],
    repeated: log.delivery === 'exactly-once' ? findRepeated(log, inputs, answers) : [],
  };
}

const answeredBy = ({ headers }: TopicRecord): number => numberOf(headers[replyCause]);
const divertedBy = ({ headers }: TopicRecord): number => numberOf(headers['ce_id']);

/** Of an error record that had to be cut short: it names its input's place only. */
const isShortened = ({ headers }: TopicRecord): boolean =>
  headers[errorHeaders.omittedBytes] !== undefined && headers['ce_id'] === undefined;

const placeOf = ({ headers }: TopicRecord): string =>
  `${headers[errorHeaders.partition]}/${headers[errorHeaders.offset]}`;

function countAnswers({ inputs, outputs, errors }: CellLog): Map<number, number> {
  const byPlace = new Map(
    inputs.map((input) => [`${input.partition}/${input.offset}`, numberOf(input.headers['ce_id'])]),
  );
  const counts = new Map<number, number>();
  const count = (n: number | undefined): void => {
    if (n !== undefined && !Number.isNaN(n)) counts.set(n, (counts.get(n) ?? 0) + 1);
  };
  for (const output of outputs) count(answeredBy(output));
  for (const error of errors) {
    count(isShortened(error) ? byPlace.get(placeOf(error)) : divertedBy(error));
  }
  return counts;
}

const holdsOffset = (ranges: readonly InputRange[], partition: number, offset: number): boolean =>
  ranges.some((r) => r.partition === partition && offset >= r.from && offset < r.to);

/**
 * First occurrences ascend: per input partition (in each output partition, there being no order
 * between those), or per key.
 */
function findInversions(log: CellLog, inputs: ReadonlyMap<number, TopicRecord>): string[] {
  const { ordering } = log;
  if (ordering === 'none') return [];
  const seen = new Set<number>();
  const highest = new Map<string, TopicRecord>();
  const inversions: string[] = [];
  for (const output of log.outputs) {
    const n = answeredBy(output);
    const input = inputs.get(n);
    // What was compacted away has no place any more.
    if (input === undefined || seen.has(n)) continue;
    seen.add(n);
    const lane =
      ordering === 'key' && input.key !== null
        ? `key ${input.key}`
        : `partition ${input.partition}, output partition ${output.partition}`;
    const before = highest.get(lane);
    if (before !== undefined && before.offset > input.offset) {
      inversions.push(
        `${lane}: record ${n} at ${input.partition}/${input.offset} is answered at output ${output.partition}/${output.offset}, after ${before.partition}/${before.offset}`,
      );
    } else highest.set(lane, input);
  }
  return inversions;
}

function wrongOutputs({ outputs, ordering, partitions }: CellLog): string[] {
  return outputs.flatMap((output) => {
    const n = answeredBy(output);
    const where = `output ${output.partition}/${output.offset}`;
    if (Number.isNaN(n)) return `${where} answers ${output.headers[replyCause]}, never sent`;
    if (markOf(n) !== '') return `${where} answers record ${n}, which cannot be answered`;
    if (!isAnswerTo(n, output.value)) return `${where} is not the answer to record ${n}`;
    const { key } = sentRecord(n, ordering, partitions);
    return output.key === key ? [] : `${where} has key ${output.key}, its input ${key}`;
  });
}

function wrongErrors(log: CellLog, inputs: ReadonlyMap<number, TopicRecord>): string[] {
  return log.errors.flatMap((error) => {
    const where = `error record ${error.partition}/${error.offset}`;
    const problem = problemOf(error, log, inputs);
    return problem === undefined ? [] : `${where} (input ${placeOf(error)}): ${problem}`;
  });
}

function problemOf(
  error: TopicRecord,
  { ordering, partitions, maxAttempts }: CellLog,
  inputs: ReadonlyMap<number, TopicRecord>,
): string | undefined {
  const { headers } = error;
  if (isShortened(error)) return undefined;
  const n = divertedBy(error);
  if (Number.isNaN(n)) return `of ${headers['ce_id']}, never sent`;
  const sent = sentRecord(n, ordering, partitions);
  const omitted = headers[errorHeaders.omittedBytes] !== undefined;
  if (error.value !== (omitted ? null : sent.value)) return `not the value of record ${n}`;
  if (error.key !== sent.key) return `not the key of record ${n}`;
  const input = inputs.get(n);
  if (input !== undefined && placeOf(error) !== `${input.partition}/${input.offset}`)
    return `record ${n} is at ${input.partition}/${input.offset}`;
  const [code, fault] = [headers[errorHeaders.code], headers[errorHeaders.fault]];
  if (fault === 'record' && code === 'PREDICTOR_REFUSED' && markOf(n) === marks.refuse)
    return undefined;
  // An outage may use up the attempts of any record.
  const attempts = Number(headers[errorHeaders.attempts]);
  if (fault === 'transient' && attempts >= maxAttempts) return undefined;
  return `record ${n} (${markOf(n) || 'no mark'}) was given up with ${code}, ${fault}, after ${attempts} attempts`;
}

function findRepeated(
  { rewound }: CellLog,
  inputs: ReadonlyMap<number, TopicRecord>,
  answers: ReadonlyMap<number, number>,
): string[] {
  const repeated: string[] = [];
  for (const [n, count] of answers) {
    const input = inputs.get(n);
    const rewinds = input === undefined ? rewound.length : rewindsOf(rewound, input);
    if (count > 1 + rewinds) repeated.push(`record ${n} was answered ${count} times`);
  }
  return repeated;
}

const rewindsOf = (rewound: readonly InputRange[], { partition, offset }: TopicRecord): number =>
  rewound.filter((range) => holdsOffset([range], partition, offset)).length;

/** Diverted although nothing was wrong with them: an outage used their attempts up. */
export const shed = (errors: readonly TopicRecord[]): number =>
  new Set(errors.map(divertedBy).filter((n) => !Number.isNaN(n) && markOf(n) === '')).size;
