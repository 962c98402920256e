import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readManifests, writeManifests } from '../../../src/kubernetes/manifests-file.ts';

const configMap = (name: string, data: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

describe('reading manifests', () => {
  it('takes several documents, empty ones and comments between them', () => {
    const text = `# a comment
---
${writeManifests([configMap('a'), configMap('b')])}---
---
# nothing here
`;
    expect(readManifests(text)).toEqual({ ok: true, objects: [configMap('a'), configMap('b')] });
  });

  it('takes JSON, and Lists apart, nested ones too', () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [configMap('a'), configMap('b')] };
    const outer = { apiVersion: 'v1', kind: 'List', items: [list, configMap('c')] };
    expect(readManifests(JSON.stringify(outer))).toEqual({
      ok: true,
      objects: ['a', 'b', 'c'].map((name) => configMap(name)),
    });
  });

  it.each(['', '---\n', '# nothing\n', '---\n---\n', 'null'])('finds nothing in %j', (text) => {
    expect(readManifests(text)).toEqual({ ok: true, objects: [] });
  });

  it('tells of every problem with its line', () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: {}
---
kind: ConfigMap
metadata: {name: x}
---
- a list
---
apiVersion: v1
kind: ConfigMap
metadata: {name: twice, name: twice}
---
apiVersion: v1
metadata: {name: fine}
`;
    expect(readManifests(text)).toEqual({
      ok: false,
      problems: [
        { line: 1, message: 'metadata.name of this ConfigMap is missing: write one' },
        { line: 5, message: 'apiVersion is missing: write one' },
        { line: 8, message: 'not a Kubernetes object: write apiVersion, kind and metadata' },
        { line: 12, message: 'not valid YAML: Map keys must be unique' },
        { line: 14, message: 'kind is missing: write one' },
      ],
    });
  });

  it.each([
    ['a bracket that is not closed', 'a: [1, 2\nb: 3\n'],
    ['a tab for indentation', 'a:\n\tb: 1\n'],
    ['an alias to nothing', 'apiVersion: v1\nkind: ConfigMap\nmetadata: *gone\n'],
    ['bytes that are no text', '\u0000\u0001\u0002: ['],
  ])('%s is a problem, not a crash', (_what, text) => {
    expect(readManifests(text)).toMatchObject({ ok: false });
  });

  it('aliases that would fill the memory are refused', () => {
    const levels = Array.from({ length: 12 }, (_, i) =>
      i === 0
        ? 'a0: &a0 [x, x]'
        : `a${i}: &a${i} [${Array(10)
            .fill(`*a${i - 1}`)
            .join(', ')}]`,
    );
    expect(readManifests(levels.join('\n'))).toMatchObject({ ok: false });
  });

  it('no key reaches a prototype', () => {
    const read = readManifests(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n__proto__: {polluted: true}\n',
    );
    expect(read.ok).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('writing manifests', () => {
  it('comes back the same', () => {
    const objects = [
      configMap('a', { text: 'two\nlines\n', empty: '', long: 'word '.repeat(100) }),
    ];
    expect(readManifests(writeManifests(objects))).toEqual({ ok: true, objects });
  });

  it('quotes what a reader of YAML 1.1 would take for something else', () => {
    const data = {
      a: 'yes',
      b: 'on',
      c: '0777',
      d: '1_000',
      e: '12:30:45',
      f: 'null',
      g: '1e3',
      h: '~',
      i: 'n',
    };
    const text = writeManifests([configMap('a', data)]);
    expect(parse(text, { version: '1.1' })).toMatchObject({ data });
    expect(parse(text, { version: '1.2' })).toMatchObject({ data });
  });

  it('writes an object that is used twice twice: kubectl need not know anchors', () => {
    const labels = { app: 'x' };
    expect(writeManifests([{ a: labels, b: labels }])).not.toMatch(/[&*]/);
  });

  it('writes nothing for nothing', () => {
    expect(writeManifests([])).toBe('');
  });
});
