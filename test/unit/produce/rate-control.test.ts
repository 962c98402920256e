import { describe, expect, test } from 'vitest';
import { parseRate } from '../../../src/config/produce.ts';
import { createRateControl } from '../../../src/produce/rate-control.ts';

const control = (...rates: [number, ...number[]]) => createRateControl({ rates, parseRate });

/** The rate after each line. */
const ratesAfter = (target: ReturnType<typeof control>, lines: string[]) =>
  lines.map((line) => {
    target.line(line);
    return target.perSecond();
  });

describe('the rate', () => {
  test('goes round the list with each toggle', () => {
    expect(ratesAfter(control(1, 50, 0), ['toggle', 'toggle', 'toggle', 'toggle'])).toEqual([
      50, 0, 1, 50,
    ]);
  });

  test('of a list of one is paused and resumed by toggle', () => {
    expect(ratesAfter(control(5), ['toggle', 'toggle', '7', 'toggle', 'toggle'])).toEqual([
      0, 5, 7, 0, 7,
    ]);
  });

  test('is set by a number, paused, and resumed as it was', () => {
    const lines = ['2.5', 'pause', 'resume', '0', ' RESUME ', '.5'];
    expect(ratesAfter(control(1), lines)).toEqual([2.5, 0, 2.5, 0, 2.5, 0.5]);
  });

  test('is resumed with the first of the list that is no pause', () => {
    expect(ratesAfter(control(0, 20), ['resume'])).toEqual([20]);
    expect(control(0).line('resume')).toEqual({
      kind: 'none',
      say: expect.stringMatching(/type a number/),
    });
    expect(control(3).line('resume')).toEqual({
      kind: 'none',
      say: 'It is not paused: 3 per second.',
    });
  });

  test.each(['', 'faster', '-1', '1e9', '5 per second', 'NaN', '1,2', '.', '10000000'])(
    'is not changed by the line "%s", which is told what is understood',
    (line) => {
      const target = control(1);
      expect(target.line(line)).toEqual({
        kind: 'none',
        say: expect.stringMatching(/number.*pause, resume, toggle.*quit/),
      });
      expect(target.perSecond()).toBe(1);
    },
  );

  test('ends with quit', () => {
    expect(control(1).line('quit\r')).toEqual({ kind: 'quit' });
  });
});
