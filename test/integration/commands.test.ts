/** The program as a person starts it: commands, help, exit codes (design.md §1 and §3.7). */

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createIrisPredictor } from '../../src/demo/iris/predictor.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const children: ChildProcess[] = [];

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly code: Promise<number | null>;
}

function start(args: readonly string[], environment: Record<string, string> = {}): Started {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main, ...args], { env: { PATH, ...environment } });
  children.push(child);
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output: () => output, code };
}

async function until(what: string, started: Started, condition: () => boolean): Promise<void> {
  while (!condition()) {
    if (started.child.exitCode !== null) throw new Error(`${what}:\n${started.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('the program', () => {
  test.each([
    [['--help'], 0, 'Try first'],
    [[], 0, 'Commands:'],
    [['adapter', '--help'], 0, 'PREDICTOR_URL'],
    [['demo', '--help'], 0, '--kafka'],
    [['produce', '--help'], 0, 'PRODUCE_RATE'],
    [['display', '--help'], 0, 'HTTP_PORT'],
    [['dance'], 2, 'there is no command "dance"'],
  ])('%j ends with %i and says %s', async (args, code, text) => {
    const started = start(args);
    expect(await started.code).toBe(code);
    expect(started.output()).toContain(text);
  });

  test('a timer in the past is not warned of, all else is', async () => {
    const warnings = "setInterval(() => ['TimeoutNegativeWarning', 'AnotherWarning'].forEach(";
    const code = `${warnings}(name) => process.emitWarning('words', name)), 100)`;
    const settings = { HTTP_HOST: '127.0.0.1', HTTP_PORT: '0' };
    const loader = `--import=data:text/javascript,${encodeURIComponent(code)}`;
    const started = start(['display'], { ...settings, NODE_OPTIONS: loader });
    await until('another warning', started, () => started.output().includes('AnotherWarning'));
    expect(started.output()).not.toContain('TimeoutNegativeWarning');
  });

  test('wrong settings are told all at once, and it ends with 2', async () => {
    const started = start(['adapter', '--http_port', 'x', '--colour', 'red'], {
      KAFKA_BROKER: 'a:1',
      KAFKA_WORKERS: '0',
    });
    expect(await started.code).toBe(2);
    for (const name of [
      'SELDON_DEPLOYMENT_ID',
      'PREDICTOR_URL',
      '--http-port',
      '--colour',
      'KAFKA_WORKERS',
      'KAFKA_INPUT_TOPIC',
    ]) {
      expect(started.output()).toContain(name);
    }
  });

  test('a first argument that is a flag means the adapter; SIGTERM ends it with 0', async () => {
    const predictor = await createIrisPredictor();
    const started = start([
      ...['--sdep=iris', '--predictor_url', predictor.url, '--http_port', '0'],
      ...['--http-host', '127.0.0.1', '--shutdown_delay', '0s'],
    ]);
    await until('it listens', started, () => started.output().includes('"msg":"listening"'));
    started.child.kill('SIGTERM');
    expect(await started.code).toBe(0);
    await predictor.close();
  });

  test('a port that is taken is told as such, and it ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const started = start(['display', '--http-host', '127.0.0.1', '--http-port', String(port)]);
    expect(await started.code).toBe(1);
    expect(started.output()).toContain(`port ${port} on 127.0.0.1 is taken`);
    other.close();
  });

  test('the demo answers the documented event, and shows the replies to others', async () => {
    const started = start(['demo', '--http-port', '0', '--display-port', '0']);
    await until('it is up', started, () => started.output().includes('Everything is up'));
    const url = /adapter on (http:\S+),/.exec(started.output())?.[1] ?? '';
    expect(started.output()).toContain('< ce-type: seldon.iris-deployment.default.response');
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'Ce-Id': '536808d3-88be-4077-9d7a-a3f162705f79',
        'Ce-specversion': '0.3',
        'Ce-Type': 'seldon.iris-deployment.default.request',
        'Ce-Source': 'seldon.examples.streaming.curl',
        'Content-Type': 'application/json',
      },
      body: '{"data":{"ndarray":[[1,2,3,4]]}}',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('ce-type')).toBe('seldon.iris-deployment.default.response');
    expect(answer.headers.get('ce-source')).toBe('seldon.iris-deployment.default');
    expect(answer.headers.get('ce-specversion')).toBe('0.3');
    expect(answer.headers.get('ce-id')).toBeTruthy();
    expect(await answer.json()).toHaveProperty('data.ndarray');
    const shown = (): number => started.output().split('cloudevents.Event').length - 1;
    await until('both replies are shown', started, () => shown() >= 2);
    const page = /Look at (http:\S+\/) in a browser/.exec(started.output())?.[1] ?? '';
    expect(await (await fetch(page)).text()).toContain('<title>event-display</title>');
    expect(await (await fetch(`${page}page/export`)).text()).toContain('"causationid"');
    started.child.kill('SIGINT');
    expect(await started.code).toBe(0);
  });
});
