/** Every command in the documents is run by a test, or says above it why it is not. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  blocksOf,
  documents,
  howToClassify,
  isShell,
  type Marker,
  parseMarker,
  placeOf,
  repository,
} from '../../support/documents/blocks.ts';
import { missingLines } from '../../support/documents/shown.ts';

const isOutput = ({ kind }: Marker): boolean => kind === 'output' || kind === 'cluster-output';

const blocks = documents().flatMap(blocksOf);
const shell = blocks.filter(isShell);

test('there are documents with commands', () => {
  expect(documents()).toEqual(expect.arrayContaining(['README.md', 'docs/kafka.md']));
  expect(shell.length).toBeGreaterThan(30);
});

test('every shell block says how it is run', () => {
  const unknown = shell.filter(({ marker }) => marker === undefined || isOutput(marker));
  const places = unknown.map((block) => `${placeOf(block)}: ${block.text.split('\n')[0]}`);
  expect(places, howToClassify).toEqual([]);
});

test('only shell blocks are run, and only others are output', () => {
  const wrong = blocks.filter((block) => {
    const { marker } = block;
    return marker !== undefined && isOutput(marker) === isShell(block);
  });
  expect(wrong.map(placeOf), howToClassify).toEqual([]);
});

test('what is run with kubectl is not hidden among what is run in a shell', () => {
  const wrong = shell.filter(({ marker, text }) => {
    const ofCluster = /^\s*(kubectl|helm|kustomize) /m.test(text);
    return ofCluster && (marker?.kind === 'run' || marker?.kind === 'stays-up');
  });
  expect(wrong.map(placeOf), 'mark it <!-- run with kubectl -->').toEqual([]);
});

test('no command hides in an indented block, which no test would find', () => {
  const command = /^ {4,}(seldon-eventing|kubectl|npm|node|helm|curl|kustomize) /;
  const hidden = documents().flatMap((document) => {
    const inFences = new Set(
      blocksOf(document).flatMap(({ line, text }) =>
        text.split('\n').map((_, offset) => line + 1 + offset),
      ),
    );
    const lines = readFileSync(join(repository, document), 'utf8').split('\n');
    return lines.flatMap((text, i) =>
      command.test(text) && !inFences.has(i + 1) ? [`${document}:${i + 1}`] : [],
    );
  });
  expect(hidden, 'put it into a ```sh block').toEqual([]);
});

test('the npm scripts that they name are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const named = shell.flatMap(({ text }) =>
    [...text.matchAll(/npm (?:run ([\w:-]+)|(start|test))/g)].map(([, a, b]) => a ?? b ?? ''),
  );
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('a marker is one of those that there are', () => {
  expect(parseMarker('run')).toEqual({ kind: 'run', exitCode: 0 });
  expect(parseMarker('run, exit 2')).toEqual({ kind: 'run', exitCode: 2 });
  expect(parseMarker('run, stays up: "x"')).toEqual({
    kind: 'stays-up',
    until: 'x',
    beside: false,
  });
  expect(parseMarker('not run: no')).toBeUndefined();
  expect(parseMarker('runs')).toBeUndefined();
});

test.each([
  ['a line', 'one\ntwo\nthree', undefined],
  ['t…o\nthree', 'one\ntwo\nthree', undefined],
  ['one\n…\nthree', 'one\ntwo\nthree', undefined],
  ['one\nthree', 'one\ntwo\nthree', 'one\nthree'],
  ['three\n…\none', 'one\ntwo\nthree', 'one'],
  ['at 2026-01-01T00:00:00Z', 'at 2027-12-31T10:00:00.123Z', undefined],
])('what is shown as %j of %j misses %j', (shown, written, missing) => {
  expect(missingLines(shown === 'a line' ? 'two' : shown, written)).toBe(missing);
});
