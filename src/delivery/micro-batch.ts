/**
 * Merges compatible calls of the predictor into one, and gives each its own part of the answer.
 *
 *   call ─▶ JSON, rows found? ─▶ pending batch of its kind ─▶ full, or waited long enough ─▶ one call
 *       └─▶ alone                                     refused, failed, not to be cut ─▶ one by one
 *
 * B1 Each call ends as it would have alone: same answer, same fault (but for the time it took).
 * B2 A call waits at most `maxWaitMs` for others, and never past its deadline.
 * B3 A merged call has half of the time that its most urgent member has left: the other half is for
 *    calling one by one, so that one member that makes the predictor hang costs only itself.
 * B4 One pending batch of each kind, at most `maxKinds` kinds, at most `maxBytes` in each.
 */

import { AdapterError } from '../errors.ts';
import type { BatchFormat } from '../inference/batch-format.ts';
import { type Frame, idOf, mergeFrames, splitFrame } from '../inference/batch-frame.ts';
import { createRequestReader } from '../inference/batch-reader.ts';
import type { CallWithinDeadline, DeadlineCall } from './call-within-deadline.ts';
import { readHead } from './micro-batch-key.ts';
import { createPauses } from './micro-batch-pauses.ts';
import type { Log, Now, PredictionAnswer, Schedule } from './ports.ts';

export interface MicroBatchOptions {
  /** Most rows of a merged call; above 1. */
  readonly maxRows: number;
  readonly maxWaitMs: number;
  readonly format: BatchFormat;
}

/** @param members what the merged call is made of */
export type CallMerged = (
  call: DeadlineCall,
  members: readonly { readonly call: DeadlineCall }[],
) => Promise<PredictionAnswer>;

export interface MicroBatchDeps {
  readonly call: CallWithinDeadline;
  /** Makes a merged call, told whose; left out: as any other. */
  readonly callMerged?: CallMerged | undefined;
  readonly now: Now;
  readonly schedule: Schedule;
  readonly log: Log;
  /** A merged call was answered, for so many. */
  readonly merged: (members: number) => void;
}

interface Member {
  readonly call: DeadlineCall;
  readonly frame: Frame;
  readonly puid: string;
  readonly resolve: (answer: PredictionAnswer) => void;
  readonly reject: (error: AdapterError) => void;
}

interface Batch {
  readonly key: string;
  readonly members: [Member, ...Member[]];
  rows: number;
  bytes: number;
  callOff: () => void;
}

/** Of bodies: larger calls gain nothing from company. */
const maxBytes = 1024 * 1024;
const maxKinds = 64;
const pauses = { baseMs: 1_000, maxMs: 60_000, maxEntries: 256 };
/** These judge the deployment or its load: asking again for each member would not change them. */
const forAll = new Set([401, 403, 404, 405, 407, 429, 501, 503]);

/** @returns a caller that merges what it can; the rest goes to `deps.call` as it is */
export function createMicroBatch(
  options: MicroBatchOptions,
  deps: MicroBatchDeps,
): CallWithinDeadline {
  const { format } = options;
  const callMerged: CallMerged = deps.callMerged ?? deps.call;
  const read = createRequestReader(format);
  const keyOf = createKeys();
  const pending = new Map<string, Batch>();
  const paused = createPauses(pauses, deps.now);

  const begin = (key: string, member: Member): Batch => {
    const batch: Batch = { key, members: [member], rows: 0, bytes: 0, callOff: () => undefined };
    pending.set(key, batch);
    batch.callOff = deps.schedule(options.maxWaitMs, () => send(batch));
    return batch;
  };

  const join = (key: string, member: Member): void => {
    const { rows, bytes } = member.frame;
    let batch = pending.get(key);
    if (batch !== undefined && !hasRoom(batch, member.frame)) {
      send(batch);
      batch = undefined;
    }
    if (batch === undefined) batch = begin(key, member);
    else batch.members.push(member);
    batch.rows += rows;
    batch.bytes += bytes.length;
    if (batch.rows >= options.maxRows) send(batch);
  };

  const hasRoom = (batch: Batch, { rows, bytes }: Frame): boolean =>
    batch.rows + rows <= options.maxRows && batch.bytes + bytes.length <= maxBytes;

  const alone = ({ call, resolve, reject }: Member): Promise<boolean> =>
    deps.call(call).then(
      (answer) => {
        resolve(answer);
        return isSuccess(answer);
      },
      (error) => {
        reject(AdapterError.from(error));
        return false;
      },
    );

  const send = (batch: Batch): void => {
    pending.delete(batch.key);
    batch.callOff();
    const now = deps.now();
    // Who has no time left finds out alone, at no cost.
    const late = batch.members.filter(({ call }) => call.deadline <= now);
    for (const member of late) void alone(member);
    const [first, ...rest] = late.length === 0 ? batch.members : without(batch.members, late);
    if (first === undefined) return;
    if (rest.length === 0) void alone(first);
    else void together(batch.key, [first, ...rest], now);
  };

  /** Never rejects, and leaves no member without an end. */
  const together = async (key: string, members: Batch['members'], now: number): Promise<void> => {
    try {
      const trouble = await callTogether(members, now);
      if (trouble === undefined) {
        paused.worked(key);
        deps.merged(members.length);
      } else if (trouble !== 'shared') {
        await oneByOne(key, members, trouble);
      }
    } catch (error) {
      for (const { reject } of members) reject(AdapterError.from(error));
    }
  };

  /** @returns what went wrong; `shared` where it was everybody's, who know it already */
  const callTogether = async (
    members: Batch['members'],
    now: number,
  ): Promise<string | undefined> => {
    const [first] = members;
    const { path, headers } = first.call;
    const tightest = members.reduce((least, { call }) => Math.min(least, call.deadline), Infinity);
    const body = mergeFrames(frames(members));
    let answer: PredictionAnswer;
    try {
      const deadline = now + (tightest - now) / 2;
      answer = await callMerged({ path, headers, body, deadline }, members);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      if (error.code !== 'PREDICTOR_UNREACHABLE') return error.message;
      for (const { reject } of members) reject(error);
      return 'shared';
    }
    if (forAll.has(answer.status)) {
      for (const { puid, resolve } of members) resolve(withPuid(answer, puid, answer.body));
      return 'shared';
    }
    if (!isSuccess(answer)) return `it answered ${answer.status}`;
    const bodies = split(answer, members);
    if (bodies === undefined) return 'its answer does not hold one row for each row asked for';
    for (const [i, { puid, resolve }] of members.entries()) {
      resolve(withPuid(answer, puid, bodies[i] ?? answer.body));
    }
    return undefined;
  };

  const split = (
    { body, contentEncoding }: PredictionAnswer,
    members: Batch['members'],
  ): Buffer[] | undefined => {
    if (contentEncoding !== undefined) return undefined;
    const rows = members.reduce((sum, { frame }) => sum + frame.rows, 0);
    const frame = format.readAnswer(bufferOf(body), members[0].frame, rows);
    if (frame === undefined) return undefined;
    const named = idOf(frame) !== undefined;
    const shares = members.map((member) => ({
      rows: member.frame.rows,
      id: named ? (idOf(member.frame) ?? Buffer.from(JSON.stringify(member.puid))) : none,
    }));
    return splitFrame(frame, shares);
  };

  const oneByOne = async (
    key: string,
    members: Batch['members'],
    reason: string,
  ): Promise<void> => {
    const good = await Promise.all(members.map(alone));
    // One that fails by itself was the reason. Where there is none, it was the company.
    if (good.includes(false)) return;
    const pauseMs = paused.pause(key);
    if (pauseMs === 0) return;
    deps.log.warn(
      { path: members[0].call.path, members: members.length, pauseMs, reason },
      'the predictor takes these requests one by one but not merged; set BATCH_MAX_SIZE to what it takes, or to 1',
    );
  };

  return (call) => {
    const head = call.body.length > maxBytes / 2 ? undefined : readHead(call.path, call.headers);
    if (head === undefined) return deps.call(call);
    const request = read(bufferOf(call.body));
    if (request === undefined || request.frame.rows >= options.maxRows) return deps.call(call);
    const { frame } = request;
    const key = keyOf(head.key, request.skeleton);
    const crowded = pending.size >= maxKinds && !pending.has(key);
    const urgent = call.deadline - deps.now() <= 2 * options.maxWaitMs;
    if (crowded || urgent || paused.isPaused(key)) return deps.call(call);
    const { puid } = head;
    return new Promise((resolve, reject) => join(key, { call, frame, puid, resolve, reject }));
  };
}

/** Joins the two texts that a kind of call is told by: mostly the same two as before. */
function createKeys(): (head: string, skeleton: string) => string {
  let last = { head: '', skeleton: '', key: '' };
  return (head, skeleton) => {
    if (head !== last.head || skeleton !== last.skeleton) {
      last = { head, skeleton, key: `${head}\n${skeleton}` };
    }
    return last.key;
  };
}

const none = Buffer.alloc(0);

const isSuccess = ({ status }: PredictionAnswer): boolean => status >= 200 && status < 300;

const frames = ([first, ...rest]: Batch['members']): [Frame, ...Frame[]] => [
  first.frame,
  ...rest.map(({ frame }) => frame),
];

const without = (members: readonly Member[], gone: readonly Member[]): Member[] =>
  members.filter((member) => !gone.includes(member));

/** A predictor that names predictions in a header names them all by the first one's. */
const withPuid = (answer: PredictionAnswer, puid: string, body: Uint8Array): PredictionAnswer => ({
  ...answer,
  puid: answer.puid === undefined ? undefined : puid,
  body,
});

const bufferOf = (body: Uint8Array): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
