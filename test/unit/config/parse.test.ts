import { describe, expect, it } from 'vitest';
import { adapterSettings } from '../../../src/config/adapter-settings.ts';
import { flagsOf, parseSettings } from '../../../src/config/parse.ts';
import {
  httpUrl,
  integer,
  kubernetesName,
  list,
  milliseconds,
  oneOf,
  type Setting,
  type SettingGroup,
  text,
} from '../../../src/config/setting.ts';

const group = {
  port: { env: 'HTTP_PORT', flags: ['http_port'], schema: integer(0, 99), fallback: '8', doc: 'd' },
  name: { env: 'THE_NAME', aliases: ['OLD_NAME'], flags: ['nm'], schema: text, doc: 'd' },
  secret: { env: 'THE_SECRET', schema: text.regex(/^[a-z]+$/, 'expected letters'), doc: 'd' },
} as const satisfies SettingGroup;
const parse = (args: string[], environment: Record<string, string | undefined> = {}) =>
  parseSettings(group, args, environment);
const valuesOf = (args: string[], environment: Record<string, string | undefined> = {}) => {
  const parsed = parse(args, environment);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.values;
};
const problemsOf = (args: string[], environment: Record<string, string | undefined> = {}) => {
  const parsed = parse(args, environment);
  return parsed.ok ? [] : parsed.problems;
};

describe('every setting', () => {
  const settings = Object.entries(adapterSettings as SettingGroup);
  const withFallback = settings.filter(([, { fallback }]) => fallback !== undefined);

  it.each(withFallback)('%s has a fallback that is a valid value', (_name, setting) => {
    expect(setting.schema.safeParse(setting.fallback).success).toBe(true);
  });

  it.each(settings)('%s says what it does, in whole sentences', (_name, setting) => {
    expect(setting.doc).toMatch(/^[A-Z`].*\.$/);
    expect(setting.env).toMatch(/^[A-Z][A-Z0-9_]+$/);
  });

  it('is not both required and given by default', () => {
    for (const [, { required, fallback }] of settings) {
      expect(required === true && fallback !== undefined).toBe(false);
    }
  });

  it('has variables and flags of its own', () => {
    const all = settings.map(([, setting]) => setting);
    const variables = all.flatMap(({ env, aliases }) => [env, ...(aliases ?? [])]);
    const flags = all.flatMap((setting: Setting) => [...new Set(flagsOf(setting))]);
    expect(new Set(variables).size).toBe(variables.length);
    expect(new Set(flags).size).toBe(flags.length);
  });
});

describe('where a value comes from', () => {
  it('a flag, else the variable, else its alias, else the fallback', () => {
    const environment = { HTTP_PORT: '5', OLD_NAME: 'old' };
    expect(valuesOf(['--http-port', '7'], environment)).toMatchObject({ port: 7, name: 'old' });
    expect(valuesOf([], environment)).toMatchObject({ port: 5 });
    expect(valuesOf([], { OLD_NAME: 'old', THE_NAME: 'new' })).toMatchObject({ name: 'new' });
    expect(valuesOf([])).toEqual({ port: 8 });
  });

  it('empty means unset, in a variable as in a flag', () => {
    expect(valuesOf([], { HTTP_PORT: '', THE_NAME: '  ', OLD_NAME: 'old' })).toEqual({
      port: 8,
      name: 'old',
    });
    expect(valuesOf(['--http-port='], { HTTP_PORT: '5' })).toEqual({ port: 5 });
  });

  it('blanks around a value of a variable are not part of it', () => {
    expect(valuesOf([], { HTTP_PORT: ' 5\n' })).toEqual({ port: 5 });
  });

  it.each([
    [['--http_port', '7']],
    [['--http-port', '7']],
    [['--http_port=7']],
    [['--http-port=7']],
    [['-http_port=7']],
    [['-http-port', '7']],
    [['--HTTP_PORT=7']],
    [['--http_port=1', '--http_port=7']],
  ])('%j is one flag', (args) => {
    expect(valuesOf(args)).toEqual({ port: 7 });
  });

  it('the flag of the same name as the variable, and the further ones', () => {
    expect(valuesOf(['--the-name', 'a'])).toMatchObject({ name: 'a' });
    expect(valuesOf(['--nm=a'])).toMatchObject({ name: 'a' });
  });

  it('a value may hold what looks like a flag, and underscores stay', () => {
    expect(valuesOf(['--nm=--x_y=z'])).toMatchObject({ name: '--x_y=z' });
    expect(valuesOf(['--nm', 'a_b'])).toMatchObject({ name: 'a_b' });
  });

  it('the values cannot be changed', () => {
    expect(Object.isFrozen(valuesOf([]))).toBe(true);
  });
});

describe('problems', () => {
  it('are told all at once, each naming its variable or flag and what was expected', () => {
    const problems = problemsOf(['--http-port', '100', '--wrong', '--nm'], { THE_SECRET: 'a1' });
    expect(problems).toHaveLength(4);
    expect(problems).toEqual(
      expect.arrayContaining([
        'unknown flag --wrong',
        '--http-port: expected at most 99',
        'THE_SECRET: expected letters',
      ]),
    );
  });

  it('name a required setting that is not set, and say what it is for', () => {
    const required = { x: { env: 'X', schema: text, required: true, doc: 'What for.' } } as const;
    expect(parseSettings(required, [], {})).toEqual({
      ok: false,
      problems: ['X is not set. What for.'],
    });
  });

  it('are words that belong to no flag', () => {
    expect(problemsOf(['serve'])).toEqual(['unexpected argument "serve"']);
  });

  it('never repeat a value that could be a secret', () => {
    const all = [
      ...problemsOf([], { THE_SECRET: 'hunter2' }),
      ...problemsOf(['--the-secret', 'hunter2']),
      ...problemsOf(['--the-secret=hunter2']),
      ...problemsOf(['--kafka_sasl_password', 'hunter2']),
      ...problemsOf(['--kafka_sasl_password=hunter2']),
      ...problemsOf(['-p', 'hunter2']),
      ...problemsOf([], { HTTP_PORT: 'hunter2' }),
    ];
    expect(all).toHaveLength(7);
    for (const problem of all) expect(problem).not.toContain('hunter2');
  });

  it('do not arise from names that every object has', () => {
    expect(problemsOf(['--constructor=1', '--__proto__=1'])).toHaveLength(2);
    expect(problemsOf([], { constructor: 'x' } as Record<string, string>)).toEqual([]);
  });
});

describe('a schema', () => {
  const read = (schema: Setting['schema'], value: string): unknown => {
    const result = schema.safeParse(value);
    return result.success ? result.data : 'refused';
  };

  it.each([
    ['250', 250],
    ['250ms', 250],
    ['15s', 15_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['0.4', 0],
    ['2147483647', 2_147_483_647],
    ['2147483648', 'refused'],
    ['36000m', 'refused'],
    ['-1', 'refused'],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1h0m0.5s', 3_600_500],
    ['1500us', 2],
    ['1500µs', 2],
    ['0s', 0],
    ['1s1', 'refused'],
    ['1d', 'refused'],
    ['1s'.repeat(40), 'refused'],
    ['1 s', 'refused'],
    ['1e3', 'refused'],
    ['s', 'refused'],
    ['.5s', 'refused'],
  ])('of a duration takes %s as %s', (value, expected) => {
    expect(read(milliseconds(0), value)).toBe(expected);
  });

  it('of a duration has a least value, in ms', () => {
    expect(read(milliseconds(3_000), '2s')).toBe('refused');
    expect(read(milliseconds(3_000), '3s')).toBe(3_000);
  });

  it.each([
    ['1', 1],
    ['10', 10],
    ['0', 'refused'],
    ['11', 'refused'],
    ['1.0', 'refused'],
    ['+1', 'refused'],
    ['0x1', 'refused'],
    ['9'.repeat(400), 'refused'],
  ])('of a whole number from 1 to 10 takes %s as %s', (value, expected) => {
    expect(read(integer(1, 10), value)).toBe(expected);
  });

  it('of a few words takes them without regard to case, and no others', () => {
    const words = oneOf(['PLAINTEXT', 'Ssl']);
    expect([read(words, 'plaintext'), read(words, 'SSL')]).toEqual(['PLAINTEXT', 'Ssl']);
    expect(read(words, 'ssl ')).toBe('refused');
    expect(words.safeParse('x').error?.issues[0]?.message).toBe('expected one of: PLAINTEXT, Ssl');
  });

  it('of a list takes words between commas, without blanks and empty ones', () => {
    expect(read(list, ' a, b,,c ,')).toEqual(['a', 'b', 'c']);
    expect(read(list, ',')).toEqual([]);
  });

  it.each(['http://h:9000', 'https://h/base/', 'http://[::1]:9000'])('of a URL takes %s', (url) => {
    expect(String(read(httpUrl, url))).toContain('://');
  });

  it.each([
    'h:9000',
    'grpc://h',
    'grpc://a b:1',
    'grpc://u:p@h:1',
    'http://h/?a=b',
    'http://h/#a',
    'http://',
    'file:///x',
    '',
  ])('of a URL refuses %s', (url) => {
    expect(read(httpUrl, url)).toBe('refused');
  });

  it.each(['a', 'iris-1', 'a.b', 'a'.repeat(253)])('of a name takes %s', (name) => {
    expect(read(kubernetesName, name)).toBe(name);
  });

  it.each(['', '-a', 'a-', 'A', 'a_b', 'a/b', 'a b', 'a\n', 'a'.repeat(254)])(
    'of a name refuses %j',
    (name) => {
      expect(read(kubernetesName, name)).toBe('refused');
    },
  );
});
