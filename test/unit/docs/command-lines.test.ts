/** Command lines in the documents: each names a command and flags that there are. */

import { expect, test } from 'vitest';
import { adapter } from '../../../src/commands/adapter.ts';
import type { Command } from '../../../src/commands/command.ts';
import { controller } from '../../../src/commands/controller.ts';
import { demo } from '../../../src/commands/demo.ts';
import { display } from '../../../src/commands/display.ts';
import { doctor } from '../../../src/commands/doctor.ts';
import { produce } from '../../../src/commands/produce.ts';
import { render } from '../../../src/commands/render.ts';
import { replay } from '../../../src/commands/replay.ts';
import { flagsOf } from '../../../src/config/parse.ts';
import { blocksOf, documents, isShell } from '../../support/documents/blocks.ts';

const commands = new Map<string, Command>(
  [adapter, controller, demo, display, doctor, produce, render, replay].map((one) => [
    one.name,
    one,
  ]),
);
/** Perhaps after another command: variables, the program, a command, its arguments. */
const commandLine =
  /^(?:.* && )?(?:[A-Z_]+=\S+\s+)*(?:seldon-eventing|node dist\/main\.js) ([a-z]+)(.*)$/;

/** Lines of shell blocks that run the program, with lines that go on joined. */
const linesOf = (document: string): string[] =>
  blocksOf(document)
    .filter(isShell)
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/\s#.*$/, ''))
    .map((line) => line.trim())
    .filter((line) => commandLine.test(line));

const lines = documents().flatMap((document) =>
  linesOf(document).map((line) => [document, line] as const),
);

test('there are command lines in the documents', () => {
  expect(lines.length).toBeGreaterThan(5);
});

test.each(lines)('%s: %s', (_document, line) => {
  const [, name = '', rest = ''] = commandLine.exec(line) ?? [];
  const command = commands.get(name);
  expect(command?.name).toBe(name);
  const known = new Set(Object.values(command?.settings ?? {}).flatMap(flagsOf));
  const flags = [...rest.matchAll(/\s--([a-z0-9-]+)/g)].map(([, flag = '']) => flag);
  expect(flags.filter((flag) => flag !== 'help' && !known.has(flag))).toEqual([]);
});
