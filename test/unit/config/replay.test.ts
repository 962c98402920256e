import { describe, expect, test } from 'vitest';
import { parseReplayConfig } from '../../../src/config/replay.ts';

const needed = ['--kafka-broker', 'localhost:9092', '--topic', 'out.errors'];

function valuesOf(args: readonly string[], environment: Record<string, string> = {}) {
  const parsed = parseReplayConfig(args, environment);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.values;
}

const problemsOf = (args: readonly string[]): readonly string[] => {
  const parsed = parseReplayConfig(args, {});
  return parsed.ok ? [] : parsed.problems;
};

describe('the settings of replay', () => {
  test('a broker and a topic are all that it needs', () => {
    expect(valuesOf(needed)).toMatchObject({
      brokers: ['localhost:9092'],
      topic: 'out.errors',
      dryRun: 'false',
      compression: 'none',
    });
    expect(problemsOf([])).toHaveLength(2);
  });

  test("the adapter's environment will do", () => {
    const environment = { KAFKA_BROKER: 'b:9092', KAFKA_ERROR_TOPIC: 'dead' };
    expect(valuesOf([], environment)).toMatchObject({ brokers: ['b:9092'], topic: 'dead' });
  });

  test('classes and codes are lists of known words', () => {
    const args = [...needed, '--fault', 'record, Transient', '--code', 'predictor_failed'];
    expect(valuesOf(args)).toMatchObject({
      faults: ['record', 'transient'],
      codes: ['PREDICTOR_FAILED'],
    });
    expect(problemsOf([...needed, '--fault', 'bad'])[0]).toMatch(/--fault: .*record/);
    expect(problemsOf([...needed, '--code', 'NONE'])[0]).toMatch(/--code: .*PREDICTOR_FAILED/);
  });

  test.each([
    ['2h', { kind: 'ago', agoMs: 7_200_000 }],
    ['1.5d', { kind: 'ago', agoMs: 129_600_000 }],
    ['2026-01-31', { kind: 'at', atMs: Date.UTC(2026, 0, 31) }],
    ['2026-01-31T12:00:00Z', { kind: 'at', atMs: Date.UTC(2026, 0, 31, 12) }],
    ['2026-01-31T12:00:00.5+02:00', { kind: 'at', atMs: Date.UTC(2026, 0, 31, 10, 0, 0, 500) }],
  ])('a time is told as such, or by how long ago it was (%s)', (text, moment) => {
    expect(valuesOf([...needed, '--since', text]).since).toEqual(moment);
    expect(valuesOf([...needed, '--until', text]).until).toEqual(moment);
  });

  test.each(['yesterday', '2026-13-01', '12:00', '2026-01-31T12:00:00', '-2h', '2'])(
    'no other time is guessed at (%s)',
    (text) => {
      expect(problemsOf([...needed, `--since=${text}`])[0]).toMatch(/^--since: expected a time/);
    },
  );

  test('a dry run is a switch', () => {
    expect(valuesOf([...needed, '--dry-run']).dryRun).toBe('true');
    expect(valuesOf([...needed, '--dry-run', '--limit', '5']).limit).toBe(5);
  });
});
