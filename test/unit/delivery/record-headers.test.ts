import { describe, expect, it } from 'vitest';
import { headersForPredictor, headerText } from '../../../src/delivery/record-headers.ts';
import { bytes, event } from '../event/messages.ts';

describe('headerText', () => {
  it.each([
    [{ 'seldon-puid': 'a' }, 'a'],
    [{ 'Seldon-Puid': 'a' }, 'a'],
    [{ 'SELDON-PUID': bytes('a') }, 'a'],
    [{ 'seldon-puid': [bytes('a'), 'b'] }, 'a'],
    [{ 'seldon-puid': [] }, undefined],
    [{ 'seldon-puid': '' }, undefined],
    [{ 'seldon-puid': 'a\r\nx: y' }, undefined],
    [{ 'seldon-puid': 'ä' }, undefined],
    [{ 'seldon-puid': Uint8Array.of(0xff) }, undefined],
    [{ 'seldon-puid': ' a' }, undefined],
    [{ 'seldon-puidx': 'a' }, undefined],
    [{ '': 'a' }, undefined],
    [{}, undefined],
  ])('of %j is %s', (headers, expected) => {
    expect(headerText(headers, 'seldon-puid')).toBe(expected);
  });

  it('takes nothing for a header that every object has', () => {
    expect(headerText({}, 'constructor')).toBeUndefined();
  });
});

describe('headersForPredictor', () => {
  it('are the trace headers of the record, and no others', () => {
    const headers = { TraceParent: bytes('tp'), 'X-Request-Id': 'r', authorization: 'secret' };
    expect(headersForPredictor(headers, undefined)).toEqual([
      'traceparent',
      'tp',
      'x-request-id',
      'r',
    ]);
  });

  it('stand there once, however they are spelled', () => {
    const headers = { b3: '0', B3: '1' };
    expect(headersForPredictor(headers, undefined)).toEqual(['b3', '0']);
  });

  const traced = event({ attributes: { traceparent: 'of the event', tracestate: 's' } });
  it("are the event's where the record has no trace of its own", () => {
    expect(headersForPredictor({}, traced)).toEqual([
      'traceparent',
      'of the event',
      'tracestate',
      's',
    ]);
  });

  it("never mix the record's trace with the event's", () => {
    expect(headersForPredictor({ traceparent: 'own' }, traced)).toEqual(['traceparent', 'own']);
  });

  it('leave out what HTTP cannot carry', () => {
    const hostile = event({ attributes: { traceparent: 'a\r\nb: c' } });
    expect(headersForPredictor({ b3: 'a\nb' }, hostile)).toEqual([]);
  });
});
