import { describe, expect, it } from 'vitest';
import { errorHeaders, errorRecord, type Omission } from '../../../src/delivery/error-record.ts';
import { AdapterError } from '../../../src/errors.ts';
import { bytes } from '../event/messages.ts';
import { record } from './records.ts';

const input = record(3, 7, {
  key: bytes('k'),
  value: bytes('{"data":1}'),
  headers: { ce_id: '1', [errorHeaders.code]: 'of an earlier failure' },
});
const made = (omit: Omission, message = 'refused', given = input) =>
  errorRecord(given, new AdapterError('PREDICTOR_REFUSED', message), {
    identity: { sdep: 'iris', namespace: 'default', predictor: 'main' },
    time: '2026-01-01T00:00:00.000Z',
    attempts: 4,
    omit,
  });
const failure = {
  'seldon-error-code': 'PREDICTOR_REFUSED',
  'seldon-error-class': 'record',
  'seldon-error-message': 'refused',
  'seldon-error-time': '2026-01-01T00:00:00.000Z',
  'seldon-error-attempts': '4',
  'seldon-error-predictor': 'seldon.iris.default.main',
  'seldon-error-topic': 'in',
  'seldon-error-partition': '3',
  'seldon-error-offset': '7',
};

describe('an error record', () => {
  it('is the input itself, and what failed, where, when and how often', () => {
    const error = made('nothing');
    expect([error.key, error.value]).toEqual([input.key, input.value]);
    expect(error.value).toBe(input.value);
    expect(error.headers).toEqual({ ce_id: '1', ...failure });
    expect(error.inputPartition).toBe(3);
  });

  it('without the value still tells its size and where it is', () => {
    const error = made('value');
    expect([error.key, error.value]).toEqual([input.key, null]);
    expect(error.headers).toEqual({ ce_id: '1', ...failure, 'seldon-error-value-omitted': '10' });
  });

  it('without everything still tells what failed and where', () => {
    const error = made('all');
    expect([error.key, error.value]).toEqual([null, null]);
    expect(error.headers).toEqual({ ...failure, 'seldon-error-value-omitted': '10' });
  });

  it('says itself where it came from: a record that says so too, in any case, is not heeded', () => {
    const forged = record(3, 7, {
      headers: { ce_id: '1', 'Seldon-Error-Topic': 'elsewhere', [errorHeaders.omittedBytes]: '1' },
    });
    expect(made('nothing', 'refused', forged).headers).toEqual({ ce_id: '1', ...failure });
  });

  it('bounds the message', () => {
    expect(String(made('nothing', 'x'.repeat(50_000)).headers[errorHeaders.message])).toHaveLength(
      1_000,
    );
  });

  it('can be made of a tombstone', () => {
    const error = made('value', 'm', record(0, 0, { value: null }));
    expect(error.headers[errorHeaders.omittedBytes]).toBe('0');
  });
});
