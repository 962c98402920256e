/**
 * Programs built by Go from a module of ours into a cache folder outside the work tree.
 *
 * The folder appears whole or not at all. Of two processes that want it at once, the second waits
 * for the first (flock, which the kernel ends with its process).
 */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { runProgram } from '../../src/demo/programs.ts';

export interface GoBuildOptions {
  /** The folder of go.mod. */
  readonly moduleDir: string;
  /** Where the programs go; its folder is made. */
  readonly cacheDir: string;
  /** Packages by the names that their programs get. */
  readonly programs: Readonly<Record<string, string>>;
  /** Of `go build`, beside those that every build has. */
  readonly flags: readonly string[];
  /** What is built, with its versions. */
  readonly what: string;
  /** How long that takes on two cores, in words. */
  readonly duration: string;
  /** How many packages are compiled in all, about. */
  readonly packageCount: number;
  /** Modules whose download is told. */
  readonly toldModules: RegExp;
  /** What may be done instead of installing Go, beginning with `, or`; may be empty. */
  readonly instead: string;
  /** Takes a line of progress. */
  readonly say: (line: string) => void;
}

/** @returns whether somebody may run it */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Builds the programs where the folder does not have them.
 *
 * @throws ProgramMissingError where Go is needed and not there
 */
export async function buildWithGo(options: GoBuildOptions): Promise<void> {
  const { cacheDir, programs, what, duration, say } = options;
  const names = Object.keys(programs);
  // The folder is renamed into place when it has all of them.
  const isBuilt = () => names.every((name) => isProgram(join(cacheDir, name)));
  if (isBuilt()) return;
  await checkGo(options);
  say(`building ${what} into ${cacheDir}`);
  say(`this happens once and takes ${duration}`);
  await mkdir(dirname(cacheDir), { recursive: true });
  const work = await mkdtemp(`${cacheDir}.partial-`);
  try {
    await compile(options, work);
    // Another process had the lock before us and has built them.
    if (isBuilt()) return;
    for (const [name, path] of Object.entries(programs)) {
      const made = join(work, goNameOf(path));
      if (goNameOf(path) !== name) await rename(made, join(work, name));
    }
    await rename(work, cacheDir).catch((error: unknown) => {
      if (!isBuilt()) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  say(`${what}: ready`);
}

/** What `go build -o <folder>/` calls the program of a package; `v3` and the like do not count. */
const goNameOf = (path: string): string => {
  const parts = path.split('/').filter((part) => !/^v\d+$/.test(part));
  return parts.at(-1) ?? path;
};

async function compile(options: GoBuildOptions, work: string): Promise<void> {
  const { moduleDir, cacheDir, programs, flags, toldModules, packageCount, say } = options;
  const [firstName = ''] = Object.keys(programs);
  const all = ['-mod=readonly', '-trimpath', '-v', ...flags];
  const go = ['go', '-C', moduleDir, 'build', ...all, '-o', `${work}/`, ...Object.values(programs)];
  // Behind whatever else this machine does meanwhile.
  const niceGo = ['env', 'CGO_ENABLED=0', 'GOWORK=off', 'nice', '-n', '10', ...go];
  const unlessBuilt = `test -x "$0/${firstName}" || exec "$@"`;
  const [program = '', ...args] = locked(cacheDir, ['sh', '-c', unlessBuilt, cacheDir, ...niceGo]);
  const others: string[] = [];
  let compiled = 0;
  const exit = await runProgram(program, args, (line) => {
    const fetched = /^go: downloading (\S+) (\S+)/.exec(line);
    if (fetched && toldModules.test(fetched[1] ?? '')) {
      say(`fetching ${fetched[1]} ${fetched[2]}`);
    }
    if (!packageName.test(line)) return void others.push(line);
    compiled += 1;
    if (compiled % 250 === 0) say(`compiled ${compiled} of about ${packageCount} packages`);
  });
  if (exit.code === 0) return;
  const errors = others.filter((line) => !line.startsWith('go: downloading ')).slice(0, 10);
  throw new Error(`Go could not build ${options.what}:\n${errors.join('\n')}`);
}

/** What `go build -v` prints of each package that it compiles. */
const packageName = /^[\w./~-]+$/;

const flock = '/usr/bin/flock';

/** `--no-fork`: the lock is held by the build itself, and goes with it. */
const locked = (cacheDir: string, command: readonly string[]): readonly string[] =>
  existsSync(flock) ? [flock, '--no-fork', `${cacheDir}.lock`, ...command] : command;

/** Asks Go within the module, so that one which is too old says so here. */
async function checkGo({ moduleDir, what, instead }: GoBuildOptions): Promise<void> {
  const lines: string[] = [];
  const args = ['-C', moduleDir, 'env', 'GOVERSION'];
  const exit = await runProgram('go', args, (line) => lines.push(line)).catch(() => null);
  if (exit?.code === 0) return;
  const goMod = readFileSync(join(moduleDir, 'go.mod'), 'utf8');
  const [, goVersion = ''] = /^go (\S+)/m.exec(goMod) ?? [];
  const itSays = lines.find((line) => line.startsWith('go: '));
  throw new ProgramMissingError(
    `${what}: built by Go ${goVersion} or later, which is missing here` +
      `${itSays === undefined ? '' : ` (${itSays})`}: install it from https://go.dev/dl${instead}`,
  );
}
