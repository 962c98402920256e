import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import { faultOfAnswer } from '../../../src/inference/classify-answer.ts';
import { bytes } from '../event/messages.ts';

const where = 'http://model:9000/predict';
const judge = (status: number, body = 'why', retryAfterMs?: number) =>
  faultOfAnswer({ status, body: bytes(body), retryAfterMs }, where);

/** design.md §3.3, row by row; the rest of each class is filled in below. */
const named: Record<number, [ErrorCode, string, number]> = {
  400: ['PREDICTOR_REFUSED', 'record', 400],
  413: ['PREDICTOR_REFUSED', 'record', 413],
  415: ['PREDICTOR_REFUSED', 'record', 415],
  422: ['PREDICTOR_REFUSED', 'record', 422],
  401: ['PREDICTOR_MISCONFIGURED', 'deployment', 502],
  403: ['PREDICTOR_MISCONFIGURED', 'deployment', 502],
  404: ['PREDICTOR_MISCONFIGURED', 'deployment', 502],
  405: ['PREDICTOR_MISCONFIGURED', 'deployment', 502],
  407: ['PREDICTOR_MISCONFIGURED', 'deployment', 502],
  501: ['PREDICTOR_MISCONFIGURED', 'deployment', 502],
  408: ['PREDICTOR_FAILED', 'transient', 502],
  425: ['PREDICTOR_FAILED', 'transient', 502],
  429: ['PREDICTOR_BUSY', 'transient', 502],
  503: ['PREDICTOR_BUSY', 'transient', 502],
};
function expectedFor(status: number): [ErrorCode, string, number] | undefined {
  if (status in named) return named[status];
  if (status < 200 || (status >= 300 && status < 400))
    return ['PREDICTOR_MISCONFIGURED', 'deployment', 502];
  if (status < 300) return undefined;
  return status < 500
    ? ['PREDICTOR_REFUSED', 'record', 422]
    : ['PREDICTOR_FAILED', 'transient', 502];
}
const statuses = Array.from({ length: 500 }, (_, index) => index + 100);

describe('faultOfAnswer', () => {
  it('puts every status from 100 to 599 into the class that design.md §3.3 gives it', () => {
    for (const status of statuses) {
      const fault = judge(status);
      const found = fault && [fault.code, fault.fault, fault.status];
      expect([status, found]).toEqual([status, expectedFor(status)]);
    }
  });

  it('names the address, the status and what to do in every message', () => {
    for (const status of statuses.filter((s) => expectedFor(s) !== undefined)) {
      const message = judge(status)?.message ?? '';
      expect(message).toContain(where);
      expect(message).toContain(String(status));
      expect(judge(status)?.problems).toEqual([{ where: 'predictor', reason: 'why' }]);
      expect(message).toContain(';');
    }
  });

  it('takes a success without a body for no prediction, which may be tried again', () => {
    for (const status of [200, 202, 204]) {
      const found = judge(status, '');
      expect(found).toMatchObject({ code: 'PREDICTOR_ANSWER_UNUSABLE', fault: 'transient' });
    }
  });

  it('hands on how long the predictor asked us to wait', () => {
    expect(judge(429, '', 7_000)?.retryAfterMs).toBe(7_000);
    expect(judge(503, '', 7_000)?.retryAfterMs).toBe(7_000);
    expect(judge(500, '')?.retryAfterMs).toBeUndefined();
  });

  it('never says that the predictor was not reached: it answered', () => {
    for (const status of statuses) expect(judge(status)?.reached ?? true).toBe(true);
  });

  it("tells the predictor's words on one line, shortened; not in the message, which is logged", () => {
    const fault = judge(400, 'first\r\n\u0000\t second ');
    expect(fault?.problems).toEqual([{ where: 'predictor', reason: 'first second' }]);
    expect(fault?.message).not.toContain('first');
    const long = judge(400, 'x'.repeat(5_000))?.problems[0]?.reason ?? '';
    expect(long).toMatch(/…$/);
    expect(long.length).toBeLessThan(500);
    expect(judge(400, '')?.problems).toEqual([]);
  });

  it('is not upset by an answer that is no text', () => {
    const fault = faultOfAnswer(
      { status: 500, body: Uint8Array.of(0xff, 0xfe, 0x00), retryAfterMs: undefined },
      where,
    );
    expect(fault?.code).toBe('PREDICTOR_FAILED');
    expect(fault?.problems[0]?.reason).not.toMatch(/\p{Cc}/u);
  });
});
