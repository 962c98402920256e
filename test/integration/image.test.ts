/**
 * The image without a container engine: the Dockerfile's own steps, run in a clean folder; then its
 * entry point, as a user without rights, on a tree that nobody can write.
 */

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../src/demo/free-port.ts';
import { createIrisPredictor } from '../../src/demo/iris/predictor.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const nobody = 65_534;

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions of each stage, in order. */
async function stages(): Promise<Instruction[][]> {
  const text = await readFile(join(root, 'Dockerfile'), 'utf8');
  const result: Instruction[][] = [];
  for (const line of text.split('\n')) {
    const match = /^([A-Z]+) (.*)$/.exec(line);
    if (match === null) continue;
    if (match[1] === 'FROM') result.push([]);
    result.at(-1)?.push({ name: match[1] ?? '', rest: match[2] ?? '' });
  }
  return result;
}

const jsonOf = (stage: readonly Instruction[], name: string): string[] =>
  JSON.parse(stage.findLast((instruction) => instruction.name === name)?.rest ?? '[]');

async function copy(from: string, to: string, words: readonly string[]): Promise<void> {
  const target = words.at(-1) ?? '.';
  for (const source of words.slice(0, -1)) {
    const name = target === './' ? source : target;
    await cp(join(from, source.replace('/app/', '')), join(to, name), { recursive: true });
  }
}

describe("the Dockerfile's steps", () => {
  let build: string;
  let image: string;

  beforeAll(async () => {
    [build, image] = (await Promise.all(
      ['build-', 'image-'].map((prefix) => mkdtemp(join(tmpdir(), `seldon-eventing-${prefix}`))),
    )) as [string, string];
    const [first = [], second = []] = await stages();
    for (const { name, rest } of first) {
      if (name === 'COPY') await copy(root, build, rest.split(' '));
      if (name === 'RUN') await run('sh', ['-c', rest], { cwd: build });
    }
    for (const { name, rest } of second) {
      if (name === 'COPY') await copy(build, image, rest.split(' ').slice(1));
    }
    await run('chmod', ['-R', 'a-w,a+rX', image]);
  });
  afterAll(async () => {
    for (const folder of [build, image]) {
      await chmod(folder, 0o755);
      await run('chmod', ['-R', 'u+w', folder]);
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('bring production dependencies, and no others', async () => {
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
    const { '': manifest, ...packages } = lock.packages;
    const isInstalled = (path: string): boolean => existsSync(join(image, path, 'package.json'));
    const needed = Object.keys(manifest.dependencies).map((name) => `node_modules/${name}`);
    expect(needed.filter((path) => !isInstalled(path))).toEqual([]);
    const onlyForUs = Object.keys(packages).filter((path) => packages[path].dev === true);
    expect(onlyForUs).toContain('node_modules/typescript');
    expect(onlyForUs.filter(isInstalled)).toEqual([]);
  });

  test("bring the files of event-display's page", async () => {
    const folder = 'display/page/static';
    const files = await readdir(join(root, 'src', folder));
    expect(files).toContain('index.html');
    expect((await readdir(join(image, 'dist', folder))).sort()).toEqual(files.sort());
  });

  test('give a program that runs as another user on a read-only tree, answers, and stops on SIGTERM', async () => {
    const [, second = []] = await stages();
    const [program = 'node', ...args] = jsonOf(second, 'ENTRYPOINT');
    const predictor = await createIrisPredictor();
    const port = await findFreePort();
    const child = spawn(program, [...args, '--sdep', 'iris', '--predictor-url', predictor.url], {
      cwd: image,
      env: {
        PATH: process.env['PATH'],
        HTTP_HOST: '127.0.0.1',
        HTTP_PORT: String(port),
        DRAIN_DELAY_MS: '0',
        NODE_OPTIONS: /NODE_OPTIONS="([^"]+)"/.exec(second.map(({ rest }) => rest).join('\n'))?.[1],
      },
      ...(process.getuid?.() === 0 && { uid: nobody, gid: nobody }),
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      const [, check = '', source = ''] = healthcheck(second);
      const healthy = (): Promise<boolean> =>
        run(process.execPath, [check, source], { env: { HTTP_PORT: String(port) } }).then(
          () => true,
          () => false,
        );
      while (!(await healthy())) expect(child.exitCode).toBeNull();
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1.0/predictions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}',
      });
      expect(answer.status).toBe(200);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
      await predictor.close();
    }
  });
});

/** The command of HEALTHCHECK. */
function healthcheck(stage: readonly Instruction[]): string[] {
  const rest = stage.find(({ name }) => name === 'HEALTHCHECK')?.rest ?? '';
  return JSON.parse(rest.slice(rest.indexOf('[')));
}
