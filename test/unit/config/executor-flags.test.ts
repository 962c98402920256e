import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executorFlags, takeExecutorFlags } from '../../../src/config/executor-flags.ts';

const take = (args: string[], environment = {}) => takeExecutorFlags(args, environment);

describe("the executor's flags that are no settings", () => {
  it.each([
    ['--log_write_timeout_ms', '10000'],
    ['-log_write_timeout_ms', '10000'],
    ['--log-write-timeout-ms=10000'],
    ['-log_write_timeout_ms=10000'],
    ['--log_write_timeout_ms', '-1'],
    ['--hostname', ''],
    ['--full_health_checks=false'],
    ['--full_health_checks'],
    ['-full_health_checks=T'],
    ['--kafka_full_graph=0'],
  ])('are taken with their values: %s %s', (...args) => {
    expect(take([...args, '--sdep', 'iris'])).toEqual({
      args: ['--sdep', 'iris'],
      problems: [],
      warnings: [],
    });
  });

  it('leave everything else where it was', () => {
    const args = ['--sdep', 'iris', 'positional', '--unknown', '-x=1', '--', '', '-'];
    expect(take(args).args).toEqual(args);
    expect(take(['--constructor=1', '--__proto__', '1']).args).toHaveLength(3);
  });

  it('a switch never takes the next argument, as in Go', () => {
    expect(take(['--debug', 'true']).args).toEqual(['true']);
  });

  it.each([
    [['--debug=maybe'], '--debug: expected true or false'],
    [['--hostname'], '--hostname needs a value'],
  ])('%j is refused', (args, problem) => {
    expect(take(args).problems).toEqual([problem]);
  });

  it.each(Object.keys(executorFlags))('--%s has been thought about', (name) => {
    const { warnings, problems, args } = take([`--${name}=1`]);
    expect([args, problems]).toEqual([[], []]);
    for (const warning of warnings)
      expect(warning).toMatch(new RegExp(`^--${name} is not heeded: `));
  });

  it('what the executor reads from variables is told by their names; the flag overrides', () => {
    const environment = {
      KAFKA_AUTO_COMMIT: 'true',
      JAEGER_AGENT_HOST: 'j',
      RABBITMQ_BROKER_URL: ' ',
    };
    expect(take([], environment).warnings).toEqual([
      expect.stringMatching(/^KAFKA_AUTO_COMMIT is not heeded: /),
      expect.stringMatching(/^JAEGER_AGENT_HOST is not heeded: /),
    ]);
    expect(take(['--kafka_auto_commit=false'], environment).warnings[0]).toMatch(
      /^--kafka-auto-commit/,
    );
  });

  it('whatever the command line is, what is not theirs is kept, in its order', () => {
    const own = fc.constantFrom('--sdep', 'iris', '-x=1', '', '--', '--kafka-workers=2', 'ä');
    const theirs = fc.constantFrom(
      ['--log_write_timeout_ms', '10000'],
      ['-hostname', '--sdep'],
      ['--full_health_checks=false'],
      ['--config='],
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            own.map((arg) => [arg]),
            theirs,
          ),
        ),
        (parts) => {
          const kept = parts.filter((part) => !/log_|hostname|health|config/.test(part[0] ?? ''));
          expect(take(parts.flat())).toMatchObject({ args: kept.flat(), problems: [] });
        },
      ),
    );
    fc.assert(fc.property(fc.array(fc.string()), (args) => void take(args)));
  });
});
