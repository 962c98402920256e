/**
 * Somebody who follows a document: a clean copy of the repository, a shell, and the programs that the
 * document leaves running.
 *
 * 1. The ports of the documents stand for free ones, in commands and in what is written.
 * 2. Nothing of this process's own settings reaches a command, but how registries are reached.
 * 3. `close` stops what is left running, as Ctrl-C does, and deletes the copy.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { type Program, startProgram } from '../../../src/demo/programs.ts';
import { repository } from './blocks.ts';

export interface Ran {
  readonly exitCode: number | null;
  /** Both streams. */
  readonly output: string;
}

export interface Session {
  readonly dir: string;
  /** Runs a block to its end, each line having to succeed but the last. */
  run(commands: string): Promise<Ran>;
  /** Starts a block, and resolves when it has written these words. @throws its output where it ends */
  startUp(commands: string, until: string): Promise<void>;
  /** What the programs that were started have written, one after the other. */
  programsOutput(): string;
  /** Ctrl-C. */
  stopPrograms(): Promise<void>;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether the program is there, built, before the document begins. */
  readonly isBuilt?: boolean;
  /** Files that its reader has, by their names in the repository's folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Scripts that are found by their names, before what this machine has. */
  readonly programs?: Readonly<Record<string, string>>;
}

/** Of the adapter, event-display, further adapters, a predictor and Kafka. */
const documentedPorts = ['8080', '8081', '8082', '8083', '9000', '9092'];

interface Running {
  readonly program: Program;
  readonly output: () => string;
}

export async function beginSession(options: SessionOptions = {}): Promise<Session> {
  const root = await mkdtemp(join(tmpdir(), 'seldon-eventing-document-'));
  const dir = join(root, 'seldon-eventing');
  await copyRepository(dir);
  if (options.isBuilt === true) await symlink(join(repository, 'dist'), join(dir, 'dist'));
  for (const [name, content] of Object.entries(options.files ?? {})) {
    await writeFile(join(dir, name), content);
  }
  const bin = join(root, 'bin');
  await writePrograms(bin, options.programs ?? {});
  const ports = new Map<string, string>();
  for (const port of documentedPorts) ports.set(port, String(await findFreePort()));
  const here = (text: string): string =>
    text.replaceAll(/\b\d{4}\b/g, (word) => ports.get(word) ?? word);
  const documented = (text: string): string =>
    [...ports].reduce(
      (so, [port, free]) => so.replaceAll(new RegExp(`\\b${free}\\b`, 'g'), port),
      text,
    );
  const environment = {
    ...inherited(),
    PATH: `${bin}:${process.env['PATH']}`,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: ports.get('8080'),
    DISPLAY_PORT: ports.get('8081'),
    ...options.environment,
  };

  const begin = (commands: string): Running => {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const shell = [
      'bash',
      '-e',
      '-o',
      'pipefail',
      '-c',
      `exec 2>&1\ncd '${dir}'\n${here(commands)}`,
    ];
    const program = startProgram(
      'env',
      ['-i', ...variables, ...shell],
      ['ignore', 'pipe', 'ignore'],
    );
    let output = '';
    program.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return { program, output: () => documented(output) };
  };

  let running: Running[] = [];
  let earlier = '';
  const stopPrograms = async (): Promise<void> => {
    const stopped = running;
    running = [];
    await Promise.all(stopped.map(({ program }) => interrupt(program)));
    earlier += stopped.map(({ output }) => output()).join('');
  };
  return {
    dir,
    async run(commands) {
      const { program, output } = begin(commands);
      const closed = new Promise((resolve) => program.child.once('close', resolve));
      const { code } = await program.ended;
      await closed;
      return { exitCode: code, output: output() };
    },
    async startUp(commands, until) {
      const started = begin(commands);
      running.push(started);
      let ended = false;
      started.program.ended.then(
        () => (ended = true),
        () => (ended = true),
      );
      const deadline = performance.now() + 120_000;
      while (!started.output().includes(until)) {
        if (ended || performance.now() > deadline) {
          throw new Error(`it never wrote "${until}":\n${started.output()}`);
        }
        await sleep(50);
      }
    },
    programsOutput: () => earlier + running.map(({ output }) => output()).join(''),
    stopPrograms,
    async close() {
      await stopPrograms();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** To all of its session, as a terminal does; what does not heed it is killed. */
async function interrupt({ child, ended }: Program): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-pid, 'SIGINT');
  const killed = setTimeout(() => process.kill(-pid, 'SIGKILL'), 30_000);
  await ended;
  clearTimeout(killed);
}

async function copyRepository(dir: string): Promise<void> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).split('\0');
  const present = listed.filter((name) => name !== '' && existsSync(join(repository, name)));
  for (const name of present) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await cp(join(repository, name), join(dir, name));
  }
}

async function writePrograms(
  bin: string,
  programs: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(bin);
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
}

/** Without what tests set, and settings of ours. */
function inherited(): Readonly<Record<string, string>> {
  const foreign = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$|PROD$|DEV$|KAFKA_|KUBE|HTTP_PORT$)/;
  const entries = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const kept = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(kept), npm_config_prefer_offline: 'true', NO_COLOR: '1' };
}
