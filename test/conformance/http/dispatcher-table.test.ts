/**
 * Answers are safe behind both of Knative's dispatchers: every row of design.md §3.3, and of TLS,
 * tokens and sinks, in every form of an event, with and without error events. The table is printed at
 * the end.
 */

import { afterAll, describe, expect, test } from 'vitest';
import { type Answer, ceHeaders, irisPayloads, openAdapter, send } from '../../support/adapter.ts';
import { deadLetterAttributes, goDispatcher, kafkaDispatcher } from './dispatchers.ts';
import { edgeRows } from './edge-rows.ts';
import { type FaultRow, faultRows } from './fault-rows.ts';
import { type Form, forms, inForm, replyOf } from './forms.ts';
import { expectProblem } from './problems.ts';

interface Cells {
  readonly plain: Answer;
  readonly withErrorEvents: Answer;
}

const allRows = [...faultRows, ...edgeRows];
const columns = ['class', 'what', 'status', 'in-memory, MT broker', 'Kafka broker', 'ERROR_EVENTS'];
const lines = new Map<FaultRow, readonly string[]>();

/** What both dispatchers do, where they do the same. */
const nextOf = (answer: Answer): string => {
  const [go, kafka] = [goDispatcher(answer), kafkaDispatcher(answer)];
  return go === kafka ? go : `${go} / ${kafka}`;
};

const noteRow = (row: FaultRow, { plain, withErrorEvents }: Cells): void => {
  const { group, what } = row;
  const told = withErrorEvents.status === plain.status ? '' : `${withErrorEvents.status}, `;
  lines.set(row, [
    ...[group, what, String(plain.status), goDispatcher(plain), kafkaDispatcher(plain)],
    told === '' ? 'the same' : told + nextOf(withErrorEvents),
  ]);
};

function tableText(): string {
  const table = [columns, ...allRows.flatMap((row) => [lines.get(row) ?? []])];
  const widths = columns.map((_, i) => Math.max(...table.map((cells) => cells[i]?.length ?? 0)));
  return table
    .map((cells) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** An event or truly empty: never anything else in a 2xx, and a 202 has never an event. */
function expectSafe(answer: Answer): void {
  for (const next of [goDispatcher(answer), kafkaDispatcher(answer)]) {
    expect(next).not.toMatch(/[A-Z]{4}/);
  }
  expect(answer.headers['ce-type']).not.toBe('leaked');
  if (answer.status === 202) expect(answer.body.length).toBe(0);
  // What cannot be an attribute's name would lose the dead letter it stands on.
  for (const [name, value] of Object.entries(deadLetterAttributes(answer))) {
    expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    expect(value).toMatch(/^[A-Za-z_-]+$/);
  }
}

function expectEmpty(answer: Answer, status = 200): void {
  expect([answer.status, answer.body.length]).toEqual([status, 0]);
  expect(answer.headers).not.toHaveProperty('content-type');
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
}

function expectErrorEvent(form: Form, answer: Answer, code: string): void {
  const { attributes, data } = replyOf(form, answer);
  expect(attributes).toMatchObject({
    ...{ type: 'seldon.iris.tests.error', causationid: 'event-1', correlationid: 'event-1' },
    ...{ source: 'seldon.iris.tests', datacontenttype: 'application/problem+json' },
  });
  expect(JSON.parse(data)).toMatchObject({ code, fault: 'record', retriable: false });
}

/** What is expected of a failure, by form and by whether events may tell of it. */
function expectFailure(form: Form, answer: Answer, row: FaultRow, errorEvents: boolean): void {
  const { expected, isUnread = false } = row;
  if (typeof expected === 'string') throw new Error('it is no failure');
  // A batch is answered with events, whatever happened to each of its own.
  if (form === 'batch' && expected.fault === 'record') {
    expect(goDispatcher(answer)).toBe('routes error');
    if (!isUnread) expectErrorEvent(form, answer, expected.code);
  } else if (errorEvents && expected.fault === 'record' && !isUnread) {
    expectErrorEvent(form, answer, expected.code);
  } else {
    expectProblem(answer, expected);
    const isFinal = expected.fault === 'record' || [401, 403].includes(expected.status);
    if (isFinal) expect(nextOf(answer)).toBe('dead-letters');
    else expect(nextOf(answer)).toMatch(/^retries/);
    expect(deadLetterAttributes(answer)).toEqual({
      ...{ seldonerrorcode: expected.code, seldonerrorclass: expected.fault },
    });
  }
}

describe.each(forms)('%s events', (form) => {
  const rows = allRows.filter(({ onlyBinary = false }) => form === 'binary' || !onlyBinary);

  test.each(rows)('$group: $what', async (row) => {
    const ask = (ERROR_EVENTS: string): Promise<Answer> =>
      row.bringAbout({
        settings: { ERROR_EVENTS },
        deliver: ({ url }, event, { headers = {}, ca } = {}) => {
          const { headers: own, ...request } = inForm(form, event);
          return send(url, { ...request, headers: { ...own, ...headers }, ca });
        },
      });
    const plain = await ask('false');
    const withErrorEvents = await ask('true');
    for (const answer of [plain, withErrorEvents]) {
      expectSafe(answer);
      if (row.expected === 'empty') expectEmpty(answer);
      else if (row.expected === 'taken') expectEmpty(answer, 202);
      else if (row.expected === 'reply') {
        expect(replyOf(form, answer).attributes['type']).toBe('seldon.iris.tests.response');
      } else expectFailure(form, answer, row, answer === withErrorEvents);
    }
    if (form === 'binary') noteRow(row, { plain, withErrorEvents });
  });
});

describe('error events', () => {
  const refusedBy = async (settings: Readonly<Record<string, string>>) => {
    const adapter = await openAdapter(settings);
    adapter.iris.faults.status = 422;
    return adapter;
  };
  const event = { headers: ceHeaders({ 'seldon-puid': 'p-1' }), body: irisPayloads.seldon };

  test('of one failure have one id, however often it is delivered; another failure has another', async () => {
    const adapter = await refusedBy({ ERROR_EVENTS: 'true', DEDUP_MAX_ENTRIES: '10' });
    const ids: unknown[] = [];
    for (const status of [422, 422, undefined]) {
      if (status === undefined) delete adapter.iris.faults.status;
      else adapter.iris.faults.status = status;
      ids.push((await send(adapter.url, event)).headers['ce-id']);
    }
    const empty = { headers: ceHeaders({ 'ce-protoname': 'no.such' }), body: event.body };
    ids.push((await send(adapter.url, empty)).headers['ce-id']);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    // A failure is never kept: each delivery was predicted on.
    expect(adapter.iris.counters.predictions).toBe(3);
  });

  test('are logged and counted, and carry Seldon-Puid', async () => {
    const adapter = await refusedBy({ ERROR_EVENTS: 'true' });
    const answer = await send(adapter.url, event);
    expect(answer.headers['seldon-puid']).toBe('p-1');
    expect(adapter.log.filter(({ level }) => level === 'warn').map(({ fields }) => fields)).toEqual(
      [expect.objectContaining({ id: 'event-1', code: 'PREDICTOR_REFUSED', fault: 'record' })],
    );
    const metrics = await send(`${adapter.url}/metrics`, { method: 'GET' });
    expect(metrics.text).toMatch(/error_events_total\{[^}]*code="PREDICTOR_REFUSED"[^}]*\} 1\n/);
  });

  test('that come back are not processed: a Trigger without a filter does not loop', async () => {
    const adapter = await refusedBy({ ERROR_EVENTS: 'true' });
    const { headers, body } = await send(adapter.url, event);
    const back = Object.entries(headers).filter(([name]) => /^ce-|^content-type$/.test(name));
    const before = adapter.iris.counters.predictions;
    const again = await send(adapter.url, {
      headers: Object.fromEntries(back.map(([name, value]) => [name, String(value)])),
      body,
    });
    expectEmpty(again);
    expect(adapter.iris.counters.predictions).toBe(before);
  });

  test('tell nothing to an ordinary request', async () => {
    const adapter = await refusedBy({ ERROR_EVENTS: 'true' });
    const answer = await send(`${adapter.url}/api/v1.0/predictions`, { body: event.body });
    expect(answer.status).toBe(422);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
  });
});

test('an event without a payload is refused, or told of in an error event', async () => {
  const plain = await send((await openAdapter()).url, { headers: ceHeaders() });
  expectProblem(plain, {
    ...{ status: 400, code: 'PAYLOAD_MISSING', fault: 'record', retriable: false },
  });
  const telling = await send((await openAdapter({ ERROR_EVENTS: 'true' })).url, {
    headers: ceHeaders(),
  });
  expectErrorEvent('binary', telling, 'PAYLOAD_MISSING');
});

afterAll(() => {
  process.stdout.write(`\nWhat becomes of an event by what it is answered\n\n${tableText()}\n\n`);
});
