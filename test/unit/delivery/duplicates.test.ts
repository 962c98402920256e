import { describe, expect, it } from 'vitest';
import type { Input } from '../../../src/delivery/dispatch.ts';
import { createDuplicateStore } from '../../../src/delivery/duplicate-store.ts';
import { shareDuplicates } from '../../../src/delivery/duplicates.ts';
import { createHandlingOf } from '../../../src/delivery/handling.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';
import { bytes } from '../event/messages.ts';
import { eventInput, failedWith, replied } from './inputs.ts';

const identity = { sdep: 'iris', namespace: 'default', predictor: 'main' };

/** Work that ends when the test says so, in the order in which it began. */
function setUp(options: { readonly maxEntries?: number; readonly maxSharers?: number } = {}) {
  const clock = createFakeClock();
  const begun: { readonly input: Input; readonly end: (outcome: Outcome) => void }[] = [];
  const counts: string[] = [];
  const { maxEntries = 0, maxSharers = 100 } = options;
  const answer = shareDuplicates(
    (input) => new Promise((end) => void begun.push({ input, end })),
    { model: 'iris', maxSharers },
    {
      handlingOf: createHandlingOf({ identity, eventTypes: new Set() }),
      store:
        maxEntries === 0
          ? undefined
          : createDuplicateStore(
              { maxEntries, maxBytes: 1e6, ttlMs: 1_000 },
              { now: clock.now, evicted: () => counts.push('evicted') },
            ),
      now: clock.now,
      schedule: clock.schedule,
      count: (what) => counts.push(what),
    },
  );
  return { clock, begun, counts, answer };
}

describe('duplicates in flight', () => {
  it('share one prediction, and each gets its outcome', async () => {
    const { answer, begun, counts, clock } = setUp();
    const answers = [answer(eventInput()), answer(eventInput()), answer(eventInput())];
    expect(begun).toHaveLength(1);
    begun[0]?.end(replied('r'));
    const outcomes = await Promise.all(answers);
    expect(new Set(outcomes).size).toBe(1);
    expect(counts).toEqual(['shared', 'shared']);
    expect(clock.pending()).toBe(0);
  });

  it.each<[string, Input]>([
    ['time, type and extensions', eventInput({ type: 'other', attributes: { time: 'x', a: 'b' } })],
    ['mode and specversion', eventInput({ specversion: '0.3' })],
    ['Seldon-Puid and trace', eventInput({}, { puid: 'p', headers: ['traceparent', '00-1-1-01'] })],
    [
      'the model named in the path, where it is the configured one',
      eventInput({}, { model: 'iris' }),
    ],
  ])('may differ in %s', async (_what, other) => {
    const { answer, begun } = setUp();
    void answer(eventInput());
    void answer(other);
    expect(begun).toHaveLength(1);
  });

  it.each<[string, Input, readonly string[]]>([
    ['id', eventInput({ id: 'q2' }), []],
    ['source', eventInput({ source: '/t' }), []],
    ['model', eventInput({}, { model: 'wine' }), []],
    ['data', eventInput({}, { payload: bytes('{"data":2}') }), ['conflict']],
    ['length of the data', eventInput({}, { payload: bytes('{"data":1} ') }), ['conflict']],
    ['data, which it lacks', eventInput({}, { payload: undefined }), ['conflict']],
    ['content type', eventInput({}, { contentType: 'text/plain' }), ['conflict']],
    ['encoding', eventInput({}, { headers: ['content-encoding', 'gzip'] }), ['conflict']],
    ['proto-name', eventInput({}, { protoName: 'x.Y' }), ['conflict']],
    ['being feedback', eventInput({ type: 'seldon.iris.default.feedback' }), ['conflict']],
    ['being our own reply', eventInput({ type: 'seldon.iris.default.response' }), ['conflict']],
  ])('are none where they differ in %s', async (_what, other, counted) => {
    for (const maxEntries of [0, 10]) {
      const { answer, begun, counts } = setUp({ maxEntries });
      void answer(eventInput());
      void answer(other);
      expect(begun).toHaveLength(2);
      expect(counts).toEqual(counted);
    }
  });

  it('of an id in flight with several data find their own, also when the first one is done', async () => {
    const { answer, begun } = setUp();
    const inputs = [1, 2, 3].map((n) => eventInput({}, { payload: bytes(String(n)) }));
    const first = inputs.map(answer);
    begun[1]?.end(replied('r2'));
    begun[2]?.end(replied('r3'));
    await Promise.all([first[1], first[2]]);
    const twin = answer(eventInput({}, { payload: bytes('1') }));
    expect(begun).toHaveLength(3);
    begun[0]?.end(replied('r1'));
    expect(await twin).toBe(await first[0]);
  });

  it('get the failure of what they share, and the next one is predicted anew', async () => {
    for (const maxEntries of [0, 10]) {
      const { answer, begun } = setUp({ maxEntries });
      const answers = [answer(eventInput()), answer(eventInput())];
      begun[0]?.end(failedWith('PREDICTOR_FAILED'));
      for (const ended of await Promise.all(answers)) {
        expect(ended).toMatchObject({ kind: 'failed', error: { code: 'PREDICTOR_FAILED' } });
      }
      void answer(eventInput());
      expect(begun).toHaveLength(2);
    }
  });

  it('have their own deadlines: one that comes first ends the wait and nothing else', async () => {
    const { answer, begun, clock } = setUp();
    const first = answer(eventInput());
    const hasty = answer(eventInput({}, { deadline: 50 }));
    const patient = answer(eventInput({}, { deadline: 40_000 }));
    await clock.advance(50);
    expect(await hasty).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED', status: 504 } });
    begun[0]?.end(replied('r'));
    expect(await patient).toBe(await first);
    expect(clock.pending()).toBe(0);
  });

  it('are bounded: more are told to come back later', async () => {
    const { answer, begun } = setUp({ maxSharers: 2 });
    const answers = Array.from({ length: 4 }, () => answer(eventInput()));
    expect(await answers[3]).toMatchObject({ error: { code: 'OVERLOADED', status: 429 } });
    begun[0]?.end(replied('r'));
    await Promise.all(answers);
    void answer(eventInput());
    const again = answer(eventInput());
    begun[1]?.end(replied('r'));
    expect((await again).kind).toBe('replied');
  });

  it('leave nothing behind: after all of them the same event is predicted again', async () => {
    const { answer, begun } = setUp();
    for (let round = 0; round < 3; round += 1) {
      const answers = [answer(eventInput()), answer(eventInput({}, { payload: bytes('2') }))];
      for (const { end } of begun.slice(2 * round)) end(replied('r'));
      await Promise.all(answers);
    }
    expect(begun).toHaveLength(6);
  });
});

describe('duplicates that come late', () => {
  const late = async (outcome: Outcome, second: Input, afterMs = 0) => {
    const rig = setUp({ maxEntries: 10 });
    const first = rig.answer(eventInput());
    rig.begun[0]?.end(outcome);
    await first;
    await rig.clock.advance(afterMs);
    const ended = rig.answer(second);
    await settle();
    return { ...rig, ended };
  };

  it('are answered with the same reply and Seldon-Puid, without a prediction', async () => {
    const { ended, begun, counts } = await late(replied('r'), eventInput({ type: 'other' }), 999);
    expect(await ended).toEqual(replied('r'));
    expect([begun.length, counts]).toEqual([1, ['answered']]);
  });

  it('are predicted anew when the answer is too old', async () => {
    const { begun, counts } = await late(replied('r'), eventInput(), 1_000);
    expect([begun.length, counts]).toEqual([2, []]);
  });

  it('of feedback are accepted, and it is not given twice', async () => {
    const { ended, begun } = await late({ kind: 'accepted' }, eventInput());
    expect(await ended).toEqual({ kind: 'accepted' });
    expect(begun).toHaveLength(1);
  });

  it.each<[string, Outcome]>([
    ['failed', failedWith('PREDICTOR_REFUSED')],
    ['was skipped', { kind: 'skipped', reason: 'unwanted-type' }],
  ])('of what %s are worked on anew', async (_what, outcome) => {
    const { begun, counts } = await late(outcome, eventInput());
    expect([begun.length, counts]).toEqual([2, []]);
  });

  it('with other data are predicted anew, counted as a conflict, and both answers are kept', async () => {
    const other = () => eventInput({}, { payload: bytes('{"data":2}') });
    const { ended, answer, begun, counts } = await late(replied('r1'), other());
    begun[1]?.end(replied('r2'));
    expect(await ended).toEqual(replied('r2'));
    expect(await answer(eventInput())).toEqual(replied('r1'));
    expect(await answer(other())).toEqual(replied('r2'));
    expect(counts).toEqual(['conflict', 'answered', 'answered']);
  });
});

it('what is no event is never shared', () => {
  const { answer, begun } = setUp({ maxEntries: 10 });
  const raw = { topic: 't', partition: 0, offset: 1, timestamp: '1' };
  void answer(eventInput({}, { origin: { kind: 'raw', raw } }));
  void answer(eventInput({}, { origin: { kind: 'raw', raw } }));
  expect(begun).toHaveLength(2);
});
