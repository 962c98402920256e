#!/usr/bin/env node
/**
 * The process edge: arguments, environment, signals, exit code. Everything else is in commands/.
 */

import { createInterface } from 'node:readline';
import type { Command, CommandContext } from './commands/command.ts';
import { commandHelp, programHelp } from './commands/help.ts';

/** Loaded by need: an adapter must not hold the Kubernetes client, which takes 75 MB, in memory. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  adapter: async () => (await import('./commands/adapter.ts')).adapter,
  controller: async () => (await import('./commands/controller.ts')).controller,
  render: async () => (await import('./commands/render.ts')).render,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  demo: async () => (await import('./commands/demo.ts')).demo,
  produce: async () => (await import('./commands/produce.ts')).produce,
  replay: async () => (await import('./commands/replay.ts')).replay,
  display: async () => (await import('./commands/display.ts')).display,
};

const exitCodes = { done: 0, failed: 1, wrongSettings: 2 } as const;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const complain = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function onLine(listener: (line: string) => void): void {
  process.on('SIGUSR1', () => listener('toggle'));
  // Standard input alone must not keep the process alive.
  createInterface({ input: process.stdin }).on('line', listener);
  process.stdin.unref?.();
}

/** Finds the command; a first argument that is a flag means the adapter (design.md §3.7). */
async function findCommand(
  argv: readonly string[],
): Promise<{ command: Command | undefined; args: string[] }> {
  const [first = '', ...rest] = argv;
  const isFlag = first.startsWith('-') && first !== '--help' && first !== '-h';
  const name = isFlag ? 'adapter' : first;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return { command: await load?.(), args: isFlag ? [...argv] : rest };
}

/** A command that is still starting when it is asked to stop gets so long to come to it. */
const startGraceMs = 1_000;

/**
 * Watches for signals from now on: one that comes while the command starts must not kill it in the
 * middle. The first asks to stop, the second ends the process at once.
 */
function watchSignals(): { readonly asked: Promise<void>; readonly started: () => void } {
  let starting = true;
  let stopping = false;
  const asked = new Promise<void>((resolve) => {
    const onSignal = (): void => {
      if (stopping) process.exit(exitCodes.failed);
      stopping = true;
      resolve();
      setTimeout(() => starting && process.exit(exitCodes.failed), startGraceMs).unref();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  return {
    asked,
    started: () => {
      starting = false;
    },
  };
}

async function main(argv: readonly string[]): Promise<number> {
  const { command, args } = await findCommand(argv);
  if (command === undefined) {
    const [first] = argv;
    const asked = first === undefined || first === '--help' || first === '-h' || first === 'help';
    if (!asked) complain(`there is no command "${first}"\n`);
    const all = await Promise.all(Object.values(commands).map((load) => load()));
    (asked ? print : complain)(programHelp(all));
    return asked ? exitCodes.done : exitCodes.wrongSettings;
  }
  if (args.includes('--help') || args.includes('-h')) {
    print(commandHelp(command));
    return exitCodes.done;
  }
  const context: CommandContext = { args, environment: process.env, print, complain, onLine };
  const signals = watchSignals();
  const start = await command.start(context);
  signals.started();
  if (start.kind === 'wrong-settings') {
    complain(`seldon-eventing ${command.name}: ${start.problems.length} wrong setting(s)`);
    for (const problem of start.problems) complain(`  - ${problem}`);
    complain(`See: seldon-eventing ${command.name} --help`);
    return exitCodes.wrongSettings;
  }
  const { running } = start;
  const { codeWhenStopped = exitCodes.done } = running;
  const code = await Promise.race([running.done, signals.asked.then(() => codeWhenStopped)]);
  await running.stop();
  return code;
}

/**
 * Node 24 warns of timers in the past, which the Kafka client sets and which then run at once, as it
 * means them to (docs/kafkajs-faults.md). All other warnings are printed as ever.
 */
function leaveOutOneWarning(): void {
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'TimeoutNegativeWarning') return;
    for (const printWarning of printers) printWarning.call(process, warning);
  });
}

/** What a person needs to know of a failure; for one that nobody foresaw, where it came from. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code === 'EADDRINUSE') {
    return `port ${port} on ${address} is taken; stop what uses it, or choose another (--http-port; demo: --display-port too)`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `port ${port} on ${address} may not be used by this user; choose one above 1023 (--http-port)`;
  }
  return error.stack ?? error.message;
}

leaveOutOneWarning();
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    complain(`seldon-eventing failed: ${reasonOf(error)}`);
    process.exit(exitCodes.failed);
  },
);
