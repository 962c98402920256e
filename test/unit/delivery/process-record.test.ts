import { describe, expect, it } from 'vitest';
import type { Dispatch, Input } from '../../../src/delivery/dispatch.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';
import { createProcessRecord, type OutputForm } from '../../../src/delivery/process-record.ts';
import type { InputRecord } from '../../../src/delivery/record.ts';
import { AdapterError } from '../../../src/errors.ts';
import { bytes, event, text } from '../event/messages.ts';
import { record } from './records.ts';

const reply = event({
  id: 'r1',
  source: 'seldon.iris.default',
  type: 'seldon.iris.default.response',
  datacontenttype: 'application/json',
  data: bytes('{"answer":1}'),
});
const replied: Outcome = { kind: 'replied', reply, puid: 'p1' };

async function process(
  parts: Partial<InputRecord>,
  end: Outcome | Error = replied,
  form?: OutputForm,
) {
  const inputs: Input[] = [];
  const dispatch: Dispatch = async (input) => {
    inputs.push(input);
    if (end instanceof Error) throw end;
    return end;
  };
  const options = { outputForm: form ?? ('same' as const), timeoutMs: 500 };
  const run = createProcessRecord(options, { dispatch, now: () => 1_000 });
  const given = record(3, 7, { key: bytes('k'), value: bytes('{"data":1}'), ...parts });
  const verdict = await run(given);
  const output = verdict.kind === 'output' ? verdict.output : undefined;
  return { given, verdict, output, input: inputs[0] };
}
const binary = { ce_specversion: '1.0', ce_id: '1', ce_source: '/s', ce_type: 't' };
const structured = bytes('{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}');
const structuredHeaders = { 'content-type': 'application/cloudevents+json' };

describe('what is dispatched', () => {
  it('of a raw record: its value itself, its coordinates, its headers, a deadline of its own', async () => {
    const headers = {
      'Content-Type': 'application/json',
      'Seldon-Puid': 'mine',
      traceparent: 'tp',
    };
    const { given, input } = await process({ headers });
    expect(input).toMatchObject({
      origin: { kind: 'raw', raw: { topic: 'in', partition: 3, offset: 7, timestamp: '1' } },
      contentType: 'application/json',
      puid: 'mine',
      headers: ['traceparent', 'tp'],
      deadline: 1_500,
    });
    expect(input?.payload).toBe(given.value);
  });

  it('of a binary event: the event, and its data as they are', async () => {
    const { given, input } = await process({ headers: { ...binary, 'content-type': 'text/csv' } });
    expect(input).toMatchObject({ origin: { kind: 'event' }, contentType: 'text/csv' });
    expect(input?.payload).toBe(given.value);
  });

  it('of a structured event: its data', async () => {
    const { input } = await process({ headers: structuredHeaders, value: structured });
    expect(text(input?.payload)).toBe('{"a":1}');
  });

  it('of a tombstone: no payload', async () => {
    const { input } = await process({ value: null });
    expect(input?.payload).toBeUndefined();
  });
});

describe('what is not dispatched', () => {
  it('a malformed event, with every problem', async () => {
    const { verdict, input } = await process({ headers: { ce_id: '1' } });
    expect(verdict).toMatchObject({ kind: 'failed', error: { code: 'EVENT_INVALID' } });
    expect(input).toBeUndefined();
  });

  it('but a header without a name is nothing of that', async () => {
    const { verdict, input } = await process({ headers: { '': 'x' } });
    expect(verdict.kind).toBe('output');
    expect(input).toMatchObject({ puid: undefined, contentType: undefined });
  });
});

describe('the output', () => {
  const forms: [OutputForm, 'raw' | 'binary' | 'structured', string][] = [
    ['same', 'raw', 'raw'],
    ['same', 'binary', 'binary'],
    ['same', 'structured', 'structured'],
    ['raw', 'binary', 'raw'],
    ['binary', 'raw', 'binary'],
    ['structured', 'binary', 'structured'],
  ];
  it.each(forms)('in the form %s of a %s record is %s', async (form, kind, expected) => {
    const parts = {
      raw: {},
      binary: { headers: binary },
      structured: { headers: structuredHeaders, value: structured },
    }[kind];
    const { output } = await process(parts, replied, form);
    expect(output).toMatchObject({ inputPartition: 3, headers: { 'Seldon-Puid': 'p1' } });
    expect(text(output?.key ?? undefined)).toBe('k');
    const contentType = String(output?.headers['content-type']);
    if (expected === 'structured') {
      expect(contentType).toMatch(/^application\/cloudevents\+json/);
      expect(JSON.parse(text(output?.value ?? undefined) ?? '')).toMatchObject({ id: 'r1' });
    } else {
      expect(contentType).toBe('application/json');
      expect(text(output?.value ?? undefined)).toBe('{"answer":1}');
      expect(output?.headers['ce_id']).toBe(expected === 'binary' ? 'r1' : undefined);
    }
  });

  it('in raw form keeps the trace of its input', async () => {
    const { output } = await process({ headers: { TraceParent: bytes('tp'), tracestate: 'ts' } });
    expect(output?.headers).toMatchObject({ traceparent: 'tp', tracestate: 'ts' });
  });

  it('has no key where the input has none', async () => {
    expect((await process({ key: null })).output?.key).toBeNull();
  });
});

describe('the verdict', () => {
  it('hands skips and failures on', async () => {
    const skipped: Outcome = { kind: 'skipped', reason: 'expired' };
    expect((await process({}, skipped)).verdict).toEqual(skipped);
    const error = new AdapterError('PREDICTOR_FAILED', 'm');
    expect((await process({}, { kind: 'failed', error })).verdict).toEqual({
      kind: 'failed',
      error,
    });
  });

  it('is a failure where something unexpected is thrown: it never rejects', async () => {
    const { verdict } = await process({}, new TypeError('oops'));
    expect(verdict).toMatchObject({ kind: 'failed', error: { code: 'INTERNAL' } });
  });
});

it('what was accepted without a prediction has no output, and is done with', async () => {
  const { verdict } = await process({ headers: binary }, { kind: 'accepted' });
  expect(verdict).toEqual({ kind: 'skipped', reason: 'feedback' });
});
