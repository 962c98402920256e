import { describe, expect, it } from 'vitest';
import { overloadSettings } from '../../../src/config/overload.ts';
import { parseSettings } from '../../../src/config/parse.ts';

const parse = (environment: Record<string, string>) =>
  parseSettings(overloadSettings, [], environment, []);

describe('OVERLOAD_DEADLINE_FRACTION', () => {
  it.each([
    ['0.5', 0.5],
    ['.25', 0.25],
    ['1', 1],
    ['1.0', 1],
  ])('%s is taken', (text, value) => {
    const parsed = parse({ OVERLOAD_DEADLINE_FRACTION: text });
    expect(parsed).toMatchObject({ ok: true, values: { deadlineFraction: value } });
  });

  it.each(['0', '0.001', '1.5', '50%', '-0.5', '1e-1', 'half'])('%s is refused', (text) => {
    expect(parse({ OVERLOAD_DEADLINE_FRACTION: text }).ok).toBe(false);
  });
});

describe('ADAPTIVE_CONCURRENCY', () => {
  it('is off unless it is set', () => {
    expect(parse({})).toMatchObject({ values: { adaptiveConcurrency: 'false' } });
    const on = parse({ ADAPTIVE_CONCURRENCY: 'True' });
    expect(on).toMatchObject({ values: { adaptiveConcurrency: 'true' } });
  });
});
