import { describe, expect, test } from 'vitest';
import { describeAnswer } from '../../../src/produce/answer.ts';

const line = (status: number, headers: string[], body = '') =>
  describeAnswer('id-1', { status, rawHeaders: headers, body: Buffer.from(body) });

const reply = [
  'Ce-Specversion',
  '1.0',
  'Ce-Id',
  'r 1'.replace(' ', '%20'),
  'Ce-Type',
  'a.response',
  'Ce-Source',
  's',
];

describe('an answer', () => {
  test('with an event tells its type and id', () => {
    expect(line(200, reply, '{}')).toEqual({
      ok: true,
      line: 'sent id-1: 200, reply a.response r 1',
    });
  });

  test('without one tells what there is', () => {
    expect(line(202, [])).toEqual({ ok: true, line: 'sent id-1: 202, no reply' });
    expect(line(200, ['Content-Type', 'application/json'], '{\n"a": 1}').line).toBe(
      'sent id-1: 200, no event, but { "a": 1}',
    );
  });

  test('with a malformed event tells what is wrong with it', () => {
    const { ok, line: text } = line(200, reply.slice(0, 6));
    expect(ok).toBe(true);
    expect(text).toMatch(/no valid CloudEvent: .*source/);
  });

  test('that is an error tells its detail on one line', () => {
    const body = JSON.stringify({ title: 'x', detail: 'the payload\nhas \u001b[31mno data' });
    expect(line(422, ['Content-Type', 'application/problem+json'], body)).toEqual({
      ok: false,
      line: 'failed id-1: 422, the payload has [31mno data',
    });
  });

  test.each([
    ['', 'no explanation'],
    ['<h1>Bad\nGateway</h1>', '<h1>Bad Gateway</h1>'],
    ['null', 'null'],
    ['x'.repeat(10_000), `${'x'.repeat(500)}…`],
  ])('that is an error without a detail tells the body', (body, told) => {
    expect(line(502, [], body)).toEqual({ ok: false, line: `failed id-1: 502, ${told}` });
  });

  test('that redirects is an error', () => {
    expect(line(307, ['Location', '/x']).ok).toBe(false);
  });
});
