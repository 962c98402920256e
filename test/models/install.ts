/**
 * Model servers from PyPI, each in a Python environment of its own, in a cache outside the work tree.
 *
 * 1. What is installed is what servers/<name>/requirements.txt lists, ready-built: nothing is
 *    compiled, and no dependency is looked up.
 * 2. A cache folder is named after its requirements and the version of Python, so other ones never
 *    meet it. It appears whole or not at all: of two processes that make it at once, the later one
 *    takes the other's.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProgramMissingError } from '../../src/demo/kafka-install.ts';
import { runProgram } from '../../src/demo/programs.ts';

/** As PyPI has it, and the folder in servers/. */
export type ServerName = 'seldon-core' | 'mlserver' | 'kserve';

/** What each takes on disk, in MB, after it has run once. */
const sizes: Readonly<Record<ServerName, number>> = {
  'seldon-core': 100,
  mlserver: 250,
  kserve: 210,
};

/** Those for which there are ready-built packages of all three. */
const pythonVersions = ['3.11', '3.12'];

export const serverDir = (name: ServerName): string =>
  fileURLToPath(new URL(`./servers/${name}`, import.meta.url));

export interface InstallServerOptions {
  /** XDG_CACHE_HOME; empty means unset. */
  readonly cacheHome?: string | undefined;
  /** Takes a line of progress, only where something has to be installed. */
  readonly say: (line: string) => void;
}

/**
 * Makes sure that the server is installed.
 *
 * @returns the Python that runs it
 * @throws ProgramMissingError where there is no Python to install it with
 */
export async function installServer(
  name: ServerName,
  { cacheHome, say }: InstallServerOptions,
): Promise<string> {
  const python = await findPython();
  const requirements = join(serverDir(name), 'requirements.txt');
  const listed = readFileSync(requirements, 'utf8');
  const version = new RegExp(`^${name}==(\\S+)$`, 'm').exec(listed)?.[1] ?? 'unknown';
  const hash = createHash('sha256').update(listed).digest('hex').slice(0, 8);
  const folder = `models-${name}-${version}-python${python.version}-${hash}`;
  const dir = join(cacheHome || join(homedir(), '.cache'), 'seldon-eventing', folder);
  if (!isInstalled(dir)) {
    say(`installing ${name} ${version} (${sizes[name]} MB, once) into ${dir}`);
    await install(python.program, requirements, dir, say);
    say(`${name} ${version} is ready`);
  }
  return pythonIn(dir);
}

const pythonIn = (dir: string) => join(dir, 'bin', 'python');
/** False also where the Python that it was made with is gone: the program is a link to it. */
const isInstalled = (dir: string) => existsSync(pythonIn(dir));

async function install(
  program: string,
  requirements: string,
  dir: string,
  say: (line: string) => void,
): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  const work = await mkdtemp(`${dir}.partial-`);
  try {
    await run(program, ['-m', 'venv', work], say);
    const pip = ['-m', 'pip', '--disable-pip-version-check'];
    // Python compiles what it runs as it runs it, which is a small part.
    const how = ['--no-compile', '--no-cache-dir', '--no-deps', '--only-binary', ':all:'];
    await run(pythonIn(work), [...pip, 'install', ...how, '-r', requirements], say);
    await run(pythonIn(work), [...pip, 'uninstall', '--yes', 'pip'], say);
    if (!isInstalled(dir)) await rm(dir, { recursive: true, force: true });
    await rename(work, dir).catch((error: unknown) => {
      if (!isInstalled(dir)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Only packages of some megabytes are worth a line. */
const downloaded = /^\s*Downloading (?:\S*\/)?([^/\s]+) \((\d{1,3}(?:\.\d+)? MB)\)/;

async function run(
  program: string,
  args: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const lines: string[] = [];
  const exit = await runProgram(program, args, (line) => {
    lines.push(line);
    const [, file, size] = downloaded.exec(line) ?? [];
    if (file !== undefined) say(`fetching ${file} (${size})`);
  });
  if (exit.code === 0) return;
  const errors = lines.filter((line) => line.startsWith('ERROR'));
  const shown = errors.length > 0 ? errors : lines;
  throw new Error(`${program} ${args.join(' ')} failed:\n${shown.slice(-5).join('\n')}`);
}

interface FoundPython {
  readonly program: string;
  /** Such as `3.11`. */
  readonly version: string;
}

/** Debian has `venv`, and pip with it, in a package of its own. */
const whatIsIt = 'import sys; print("%d.%d" % sys.version_info[:2]); import venv, ensurepip';

async function findPython(): Promise<FoundPython> {
  const flaws: string[] = [];
  for (const program of ['python3', ...pythonVersions.map((version) => `python${version}`)]) {
    const lines: string[] = [];
    const exit = await runProgram(program, ['-c', whatIsIt], (line) => lines.push(line)).catch(
      () => undefined,
    );
    const version = lines.find((line) => /^\d+\.\d+$/.test(line));
    if (version === undefined) continue;
    if (!pythonVersions.includes(version)) flaws.push(`${program} is ${version}`);
    else if (exit?.code !== 0) flaws.push(`${program} has no venv`);
    else return { program, version };
  }
  const found = flaws.length > 0 ? flaws.join(', ') : 'there is none';
  throw new ProgramMissingError(
    `the model servers are installed with Python ${pythonVersions.join(' or ')} and its venv; ` +
      `here ${found}; install one of them (Debian 12: apt-get install python3-venv)`,
  );
}
