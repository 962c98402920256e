/** A checker that cannot fail proves nothing: each finding is made to happen. */

import { describe, expect, test } from 'vitest';
import type { Ordering } from '../../../src/delivery/releaser.ts';
import { predictProbabilities } from '../../../src/demo/iris/model.ts';
import { type CellLog, checkCell, shed, type TopicRecord } from '../../faults/checks.ts';
import { markOf, sentRecord } from '../../faults/workload.ts';

const partitions = 6;

const input = (n: number, partition: number, offset: number, ordering: Ordering): TopicRecord => ({
  partition,
  offset,
  key: sentRecord(n, ordering, partitions).key,
  value: null,
  headers: { ce_id: String(n) },
});

const answerTo = (n: number): string => {
  const row = JSON.parse(sentRecord(n, 'none', partitions).value).data.ndarray[0];
  return JSON.stringify({ data: { ndarray: [predictProbabilities(row)] } });
};

const output = (n: number, offset: number, changes: Partial<TopicRecord> = {}): TopicRecord => ({
  partition: 0,
  offset,
  key: sentRecord(n, 'partition', partitions).key,
  value: answerTo(n),
  headers: { ce_id: `reply-${n}`, ce_causationid: String(n) },
  ...changes,
});

const errorRecord = (n: number, place: string, headers: Record<string, string>): TopicRecord => {
  const sent = sentRecord(n, 'partition', partitions);
  const [partition = '', offset = ''] = place.split('/');
  return {
    partition: 0,
    offset: n,
    key: sent.key,
    value: sent.value,
    headers: {
      ...sent.headers,
      'seldon-error-partition': partition,
      'seldon-error-offset': offset,
      ...headers,
    },
  };
};

const failed = { 'seldon-error-code': 'PREDICTOR_FAILED', 'seldon-error-class': 'transient' };
const givenUp = { ...failed, 'seldon-error-attempts': '8' };
const refused = { 'seldon-error-code': 'PREDICTOR_REFUSED', 'seldon-error-class': 'record' };

/** Records 0, 1 and 2, answered one after another. */
const good: CellLog = {
  ordering: 'partition',
  delivery: 'exactly-once',
  partitions,
  maxAttempts: 8,
  inputs: [0, 1, 2].map((n) => input(n, 0, 10 + n, 'partition')),
  outputs: [0, 1, 2].map((n) => output(n, n)),
  errors: [],
  removed: [],
  rewound: [],
  compacted: new Set(),
};
const check = (changes: Partial<CellLog>) => checkCell({ ...good, ...changes });

describe('the checks of a cell', () => {
  test('find nothing where all is well', () => {
    expect(check({})).toEqual({
      ...{ records: 3, answered: 3, diverted: 0, gone: 0, duplicates: 0 },
      ...{ lost: [], inversions: [], wrong: [], repeated: [] },
    });
  });

  test('a record without an answer is lost, unless it was taken away on purpose', () => {
    const outputs = [output(0, 0), output(2, 1)];
    expect(check({ outputs }).lost).toEqual(['record 1 at 0/11 was never answered']);
    const removed = [{ partition: 0, from: 11, to: 12 }];
    expect(check({ outputs, removed })).toMatchObject({ lost: [], gone: 1 });
    expect(check({ outputs, compacted: new Set([1]) })).toMatchObject({ lost: [], gone: 1 });
    const elsewhere = [
      { partition: 1, from: 11, to: 12 },
      { partition: 0, from: 12, to: 99 },
      { partition: 0, from: 0, to: 11 },
    ];
    expect(check({ outputs, removed: elsewhere }).lost).toHaveLength(1);
  });

  test('an error record answers its record, even one that names its place only', () => {
    const marked = 137;
    const inputs = [...good.inputs, input(marked, 3, 7, 'partition')];
    const whole = errorRecord(marked, '3/7', givenUp);
    const { 'seldon-error-partition': p = '', 'seldon-error-offset': o = '' } = whole.headers;
    const short: TopicRecord = {
      ...{ partition: 0, offset: 0, key: null, value: null },
      headers: {
        'seldon-error-partition': p,
        'seldon-error-offset': o,
        'seldon-error-value-omitted': '90',
      },
    };
    expect(check({ inputs }).lost).toHaveLength(1);
    expect(check({ inputs, errors: [whole] })).toMatchObject({ lost: [], wrong: [], diverted: 1 });
    expect(check({ inputs, errors: [short] })).toMatchObject({ lost: [], wrong: [] });
  });

  test('an answer before that of an earlier record of its partition is an inversion', () => {
    const outputs = [output(0, 0), output(2, 1), output(1, 2)];
    expect(check({ outputs }).inversions).toEqual([
      'partition 0, output partition 0: record 1 at 0/11 is answered at output 0/2, after 0/12',
    ]);
    expect(check({ outputs, ordering: 'none' }).inversions).toEqual([]);
  });

  test('repeats after a restart are no inversions, and there is no order between partitions', () => {
    const outputs = [0, 1, 0, 1, 2].map((n, i) => output(n, i));
    expect(check({ outputs, delivery: 'at-least-once' })).toMatchObject({
      ...{ inversions: [], repeated: [], duplicates: 2 },
    });
    const elsewhere = [output(1, 0), output(0, 0, { partition: 1 }), output(2, 1)];
    expect(check({ outputs: elsewhere }).inversions).toEqual([]);
  });

  test('by key, order counts within a key alone', () => {
    const ordering = 'key';
    const numbers = [1, 2, 201];
    const inputs = numbers.map((n, i) => input(n, 0, i, ordering));
    const answer = (order: number[]) =>
      order.map((n, i) => output(n, i, { key: sentRecord(n, ordering, partitions).key }));
    expect(check({ ordering, inputs, outputs: answer([2, 1, 201]) }).inversions).toEqual([]);
    expect(check({ ordering, inputs, outputs: answer([201, 2, 1]) }).inversions).toHaveLength(1);
  });

  test('a repeat is counted, and not allowed in exactly-once, unless offsets were taken back', () => {
    const outputs = [0, 1, 2, 1].map((n, i) => output(n, i));
    expect(check({ outputs })).toMatchObject({
      duplicates: 1,
      repeated: ['record 1 was answered 2 times'],
    });
    const rewound = [{ partition: 0, from: 11, to: 12 }];
    expect(check({ outputs, rewound }).repeated).toEqual([]);
    expect(check({ outputs: [...outputs, output(1, 4)], rewound }).repeated).toHaveLength(1);
    expect(check({ outputs, rewound: [{ partition: 0, from: 12, to: 20 }] }).repeated).toHaveLength(
      1,
    );
    const both = check({ errors: [errorRecord(1, '0/11', givenUp)] });
    expect(both.repeated).toEqual(['record 1 was answered 2 times']);
  });

  test.each([
    ['the answer to another record', output(1, 1, { value: answerTo(2) })],
    ['no prediction', output(1, 1, { value: '{}' })],
    ['no JSON', output(1, 1, { value: 'null' })],
    ['nothing', output(1, 1, { value: null })],
    ['another key', output(1, 1, { key: 'another' })],
    ['a record that was never sent', output(1, 1, { headers: { ce_causationid: 'aborted-1' } })],
    ['no record', output(1, 1, { headers: {} })],
  ])('an output that is or answers %s is wrong', (_what, changed) => {
    expect(check({ outputs: [output(0, 0), changed, output(2, 2)] }).wrong).toHaveLength(1);
  });

  test('an answer to what cannot be answered is wrong', () => {
    expect(markOf(137)).toBe('POISON');
    const inputs = [...good.inputs, input(137, 1, 0, 'partition')];
    expect(check({ inputs, outputs: [...good.outputs, output(137, 3)] }).wrong).toHaveLength(1);
  });

  test.each([
    ['another value', { value: '{}' }, {}],
    ['another key', { key: 'another' }, {}],
    ['no value, without a word of it', { value: null }, {}],
    ['another place', {}, { 'seldon-error-offset': '8' }],
    ['too few attempts', {}, { 'seldon-error-attempts': '7' }],
    ['no attempts', {}, { 'seldon-error-attempts': '' }],
    ['a refusal that was none', {}, refused],
    ['a class that waits', {}, { 'seldon-error-class': 'deployment' }],
    ['an id that was never sent', {}, { ce_id: 'aborted-1' }],
  ])('an error record with %s is wrong', (_what, changes, headers) => {
    const inputs = [...good.inputs, input(137, 3, 7, 'partition')];
    const right = errorRecord(137, '3/7', givenUp);
    expect(check({ inputs, errors: [right] }).wrong).toEqual([]);
    const error = { ...right, ...changes, headers: { ...right.headers, ...headers } };
    expect(check({ inputs, errors: [error] }).wrong).toHaveLength(1);
  });

  test('what is refused goes to the error topic at once, and only that', () => {
    const inputs = [...good.inputs, input(373, 3, 7, 'partition')];
    const once = { ...refused, 'seldon-error-attempts': '1' };
    expect(check({ inputs, errors: [errorRecord(373, '3/7', once)] }).wrong).toEqual([]);
  });

  test('what an outage used up the attempts of is told apart', () => {
    const errors = [1, 1, 137].map((n) => errorRecord(n, '0/0', givenUp));
    expect(shed(errors)).toBe(1);
  });
});
