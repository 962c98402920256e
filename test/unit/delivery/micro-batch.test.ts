/** Calls merged, split, and called one by one, on a clock that moves when told. */

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { DeadlineCall } from '../../../src/delivery/call-within-deadline.ts';
import { createMicroBatch } from '../../../src/delivery/micro-batch.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { AdapterError } from '../../../src/errors.ts';
import { batchFormats } from '../../../src/inference/batch-formats.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const answerOf = (body: string, more: Partial<PredictionAnswer> = {}): PredictionAnswer => ({
  status: 200,
  contentType: 'application/json',
  contentEncoding: undefined,
  puid: undefined,
  retryAfterMs: undefined,
  body: Buffer.from(body),
  ...more,
});

type Predict = (
  call: DeadlineCall,
  rows: number[][],
) => PredictionAnswer | Promise<PredictionAnswer>;

const rowsOf = ({ body }: DeadlineCall): number[][] =>
  JSON.parse(Buffer.from(body).toString()).data.ndarray;

/** Doubles every number. */
const double: Predict = (_call, rows) =>
  answerOf(JSON.stringify({ data: { ndarray: rows.map((row) => row.map((n) => 2 * n)) } }));

function createRig(predict: Predict = double, maxRows = 4) {
  const clock = createFakeClock();
  const calls: DeadlineCall[] = [];
  const warnings: object[] = [];
  const sizes: number[] = [];
  const quiet = () => undefined;
  const run = createMicroBatch(
    { maxRows, maxWaitMs: 5, format: batchFormats.seldon },
    {
      call: async (call) => {
        calls.push(call);
        return predict(call, rowsOf(call));
      },
      now: clock.now,
      schedule: clock.schedule,
      log: { debug: quiet, info: quiet, error: quiet, warn: (fields) => warnings.push(fields) },
      merged: (members) => sizes.push(members),
    },
  );
  let made = 0;
  /** What becomes of a call for these rows: the answer's rows, its status, or the error's code. */
  const call = (rows: number[][], more: Partial<DeadlineCall> & { header?: string[] } = {}) => {
    const { header = [], ...rest } = more;
    made += 1;
    return run({
      path: '/predict',
      headers: ['content-type', 'application/json', 'seldon-puid', `p${made}`, ...header],
      body: Buffer.from(JSON.stringify({ data: { ndarray: rows } })),
      deadline: clock.now() + 10_000,
      ...rest,
    }).then(
      (answer) => {
        if (answer.status !== 200) return answer.status;
        return JSON.parse(Buffer.from(answer.body).toString()).data.ndarray;
      },
      (error: AdapterError) => error.code,
    );
  };
  return { clock, calls, warnings, sizes, run, call };
}

describe('micro-batching', () => {
  it('sends a full batch at once, and gives each call its own rows', async () => {
    const { calls, call, clock, sizes } = createRig();
    const answers = [
      call([[1, 2]]),
      call([
        [3, 4],
        [5, 6],
      ]),
      call([[7, 8]]),
    ];
    expect(await Promise.all(answers)).toEqual([
      [[2, 4]],
      [
        [6, 8],
        [10, 12],
      ],
      [[14, 16]],
    ]);
    expect(clock.now()).toBe(0);
    expect(clock.pending()).toBe(0);
    expect(calls).toHaveLength(1);
    expect(sizes).toEqual([3]);
  });

  it('waits for others as long as it is told, and no longer', async () => {
    const { calls, call, clock } = createRig();
    const answers = Promise.all([call([[1, 2]]), call([[3, 4]])]);
    await clock.advance(4);
    expect(calls).toHaveLength(0);
    await clock.advance(1);
    expect(await answers).toEqual([[[2, 4]], [[6, 8]]]);
    expect(calls).toHaveLength(1);
  });

  it('sends what one more would make too large, and begins anew', async () => {
    const { calls, call, clock } = createRig();
    const answers = Promise.all([call([[1], [1], [1]]), call([[2], [2]]), call([[3]])]);
    await clock.drain(10);
    await answers;
    expect(calls.map((made) => rowsOf(made).length)).toEqual([3, 3]);
  });

  it('calls alone, with its own bytes, what has no company or is a batch by itself', async () => {
    const { calls, call, clock } = createRig();
    const body = Buffer.from(' {"data": {"ndarray": [[1,2]]}} ');
    const lonely = call([], { body });
    await clock.drain(10);
    expect(await lonely).toEqual([[2, 4]]);
    expect(calls[0]?.body).toBe(body);
    await call([[1], [2], [3], [4]]);
    expect(calls).toHaveLength(2);
  });

  it('keeps apart what has other paths or headers that matter', async () => {
    const { calls, call, clock } = createRig();
    const answers = [
      call([[1]]),
      call([[1]], { path: '/other' }),
      call([[1]], { header: ['authorization', 'a'] }),
      call([[1]], { header: ['traceparent', '00-1'] }),
      call([[1]], { header: ['content-encoding', 'gzip'] }),
      call([[1]], { headers: ['content-type', 'application/octet-stream'] }),
      call([[1]], { headers: [] }),
    ];
    await clock.drain(10);
    await Promise.all(answers);
    // The first one and the one with a trace are merged.
    expect(calls).toHaveLength(6);
  });

  it('gives each its own puid where the predictor echoes one, and none where it does not', async () => {
    const { run, clock } = createRig((made, rows) =>
      answerOf(JSON.stringify({ data: { ndarray: rows }, meta: { puid: 'p1' } }), {
        puid: made.headers[3],
      }),
    );
    const of = (puid: string) =>
      run({
        path: '/predict',
        headers: ['content-type', 'application/json', 'seldon-puid', puid],
        body: Buffer.from('{"data":{"ndarray":[[1]]}}'),
        deadline: 10_000,
      });
    const answers = Promise.all([of('p1'), of('p2')]);
    await clock.drain(10);
    expect((await answers).map(({ puid }) => puid)).toEqual(['p1', 'p2']);
    expect((await answers).map(({ body }) => JSON.parse(Buffer.from(body).toString()))).toEqual([
      { data: { ndarray: [[1]] }, meta: { puid: 'p1' } },
      { data: { ndarray: [[1]] }, meta: { puid: 'p2' } },
    ]);
  });

  const holds = (rows: number[][], n: number): boolean => rows.flat().includes(n);

  it.each([400, 413, 422, 500, 502])(
    'calls one by one where the merged call is answered %i: one bad call costs only itself',
    async (status) => {
      const { calls, call, warnings } = createRig((made, rows) =>
        holds(rows, 66) ? answerOf('{}', { status }) : double(made, rows),
      );
      const answers = [call([[1]]), call([[66]]), call([[3]]), call([[4]])];
      expect(await Promise.all(answers)).toEqual([[[2]], status, [[6]], [[8]]]);
      expect(calls).toHaveLength(5);
      expect(warnings).toEqual([]);
      // The others were not at fault: they are merged again.
      await Promise.all([call([[1]]), call([[1]]), call([[1]]), call([[1]])]);
      expect(calls).toHaveLength(6);
    },
  );

  it.each([401, 404, 429, 503])(
    'hands an answer that judges the deployment or its load (%i) to all, and asks no more',
    async (status) => {
      const { calls, call } = createRig(() => answerOf('{}', { status }));
      const answers = await Promise.all([1, 2, 3, 4].map((n) => call([[n]])));
      expect(answers).toEqual([status, status, status, status]);
      expect(calls).toHaveLength(1);
    },
  );

  it('fails all at once where the predictor cannot be reached', async () => {
    const { calls, call } = createRig(() => {
      throw new AdapterError('PREDICTOR_UNREACHABLE', 'm', { reached: false });
    });
    const answers = await Promise.all([1, 2, 3, 4].map((n) => call([[n]])));
    expect(new Set(answers)).toEqual(new Set(['PREDICTOR_UNREACHABLE']));
    expect(calls).toHaveLength(1);
  });

  it('leaves half of the time for calling one by one what made a merged call hang', async () => {
    const hang = async ({ deadline }: DeadlineCall): Promise<never> => {
      await rig.clock.sleep(deadline - rig.clock.now());
      throw new AdapterError('DEADLINE_EXCEEDED', 'm');
    };
    const rig = createRig((made, rows) => (holds(rows, 66) ? hang(made) : double(made, rows)));
    const { calls, call, clock } = rig;
    const answers = Promise.all([
      call([[1]]),
      call([[66]], { deadline: 1_000 }),
      call([[3]]),
      call([[4]]),
    ]);
    await clock.drain(20_000);
    expect(await answers).toEqual([[[2]], 'DEADLINE_EXCEEDED', [[6]], [[8]]]);
    expect(calls.map(({ deadline }) => deadline)).toEqual([500, 10_000, 1_000, 10_000, 10_000]);
    expect(clock.now()).toBe(1_000);
  });

  it('does not let a call wait that has no time to', async () => {
    const { calls, call } = createRig();
    expect(await call([[1]], { deadline: 10 })).toEqual([[2]]);
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['a row too few', '{"data":{"ndarray":[[1]]}}'],
    ['no rows at all', 'oops'],
    ['nothing', ''],
  ])('calls one by one, and pauses merging, where the answer has %s', async (_what, body) => {
    const { calls, call, warnings, clock } = createRig((made, rows) =>
      rows.length > 1 ? answerOf(body) : double(made, rows),
    );
    const four = () => Promise.all([1, 2, 3, 4].map((n) => call([[n]])));
    expect(await four()).toEqual([[[2]], [[4]], [[6]], [[8]]]);
    expect(calls).toHaveLength(5);
    expect(warnings).toMatchObject([{ pauseMs: 1_000, members: 4 }]);
    await four();
    expect(calls).toHaveLength(9);
    // The pause is over, and the next one twice as long.
    await clock.advance(1_000);
    await four();
    expect(calls).toHaveLength(14);
    expect(warnings).toMatchObject([{ pauseMs: 1_000 }, { pauseMs: 2_000 }]);
  });

  it('pauses merging where the predictor refuses company, and only of that kind', async () => {
    const { calls, call } = createRig((made, rows) =>
      rows.length > 1 && rows[0]?.length === 1
        ? answerOf('{}', { status: 400 })
        : double(made, rows),
    );
    await Promise.all([1, 2, 3, 4].map((n) => call([[n]])));
    await call([[1]]);
    expect(calls).toHaveLength(6);
    await Promise.all([1, 2, 3, 4].map((n) => call([[n, n]])));
    expect(calls).toHaveLength(7);
  });

  it('bounds the bytes of a batch: what is large goes alone', async () => {
    const { calls, call, clock } = createRig(double, 1_000);
    const row = Array.from({ length: 50_000 }, () => 1234567);
    const answers = Promise.all([call([row]), call([row]), call([row])]);
    await clock.drain(10);
    await answers;
    expect(calls.map((made) => rowsOf(made).length)).toEqual([2, 1]);
    const huge = Array.from({ length: 80_000 }, () => 1234567);
    await Promise.all([call([huge]), call([huge])]);
    expect(calls).toHaveLength(4);
    expect(clock.pending()).toBe(0);
  });

  it('bounds the kinds that wait: further ones go alone', async () => {
    const { calls, call, clock } = createRig();
    const answers = Promise.all(
      Array.from({ length: 70 }, (_, i) => call([[1]], { path: `/${i}` })),
    );
    expect(calls).toHaveLength(6);
    await clock.drain(10);
    await answers;
    expect(calls).toHaveLength(70);
  });
});
