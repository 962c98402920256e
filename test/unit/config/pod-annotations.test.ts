import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotatedTimeouts, parseAnnotations } from '../../../src/config/pod-annotations.ts';

/** As Kubernetes writes a value: Go's strconv.Quote. */
const goQuoted = (value: string): string =>
  `"${[...value]
    .map((letter) => {
      if (letter === '"' || letter === '\\') return `\\${letter}`;
      if (letter === '\n') return '\\n';
      if (letter === '\t') return '\\t';
      const point = letter.codePointAt(0) ?? 0;
      if (point < 0x20 || point === 0x7f) return `\\x${point.toString(16).padStart(2, '0')}`;
      if (point > 0xffff) return `\\U${point.toString(16).padStart(8, '0')}`;
      return point > 0x7e ? `\\u${point.toString(16).padStart(4, '0')}` : letter;
    })
    .join('')}"`;

describe("the file of the pod's annotations", () => {
  it('gives back every annotation that Kubernetes can write into it', () => {
    const key = fc.stringMatching(/^[a-z0-9][a-z0-9./-]{0,40}[a-z0-9]$/);
    const value = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.dictionary(key, value), (annotations) => {
        const text = Object.entries(annotations).map(([k, v]) => `${k}=${goQuoted(v)}\n`);
        expect(Object.fromEntries(parseAnnotations(text.join('')))).toEqual({ ...annotations });
      }),
    );
  });

  it('whatever is in it, what can be read is read and nothing is thrown', () => {
    const good = 'seldon.io/rest-timeout="250"';
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (noise) => {
        const found = parseAnnotations(`${noise}\n${good}\n${noise}`);
        expect(found.get('seldon.io/rest-timeout')).toBe('250');
      }),
    );
  });

  it('a value with "=", quotes or line breaks, which stops the executor, costs nothing', () => {
    const found = parseAnnotations(
      'a="x=y"\nkubectl.kubernetes.io/last-applied-configuration="{\\"a\\":\\"b=c\\"}\\n"\nb="1"\n',
    );
    expect([...found.values()]).toEqual(['x=y', '{"a":"b=c"}\n', '1']);
  });

  it.each(['a', 'a=', 'a=1', 'a="1', 'a=1"', '="1"', 'a="1"2', 'a="\\"', ''])(
    'a line that is none, %j, is passed over',
    (text) => expect(parseAnnotations(text).size).toBe(0),
  );

  it('a long line without an end takes no time worth speaking of', () => {
    expect(parseAnnotations(`a="${'\\\\'.repeat(200_000)}`).size).toBe(0);
  });
});

describe('the timeouts in annotations', () => {
  const of = (annotations: Record<string, string>, transport = 'rest') =>
    annotatedTimeouts(new Map(Object.entries(annotations)), transport);

  it("are Seldon's, each transport's its own", () => {
    const both = { 'seldon.io/rest-timeout': '1000', 'seldon.io/grpc-timeout': '2000' };
    expect(of(both).attemptTimeoutMs).toBe(1_000);
    expect(of(both, 'grpc').attemptTimeoutMs).toBe(2_000);
    expect(of({})).toEqual({ warnings: [] });
    expect(
      of({ 'seldon.io/rest-connect-timeout': '300', 'seldon.io/rest-connect-retries': '0' }),
    ).toMatchObject({ connectTimeoutMs: 300, callRetries: 0, warnings: [] });
    expect(of({ 'seldon.io/rest-connection-timeout': '60000' }).connectTimeoutMs).toBe(60_000);
  });

  it.each(['0', '-1', '1.5', '1s', '', 'x', '99999999999', '2147483648', '0x10'])(
    'the timeout %j cannot be read: a warning, and it does not count',
    (text) => {
      const found = of({ 'seldon.io/rest-timeout': text });
      expect(found.attemptTimeoutMs).toBeUndefined();
      expect(found.warnings).toEqual([expect.stringContaining('seldon.io/rest-timeout')]);
    },
  );
});
