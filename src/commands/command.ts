/** What a command of the program is. */

import type { Environment } from '../config/parse.ts';
import type { SettingGroup } from '../config/setting.ts';

/** What a command gets from the process. */
export interface CommandContext {
  readonly args: readonly string[];
  readonly environment: Environment;
  /** Writes a line to standard output. */
  readonly print: (line: string) => void;
  /** Writes a line to standard error. */
  readonly complain: (line: string) => void;
  /** Lines that the user types, and SIGUSR1 as the line "toggle". */
  readonly onLine: (listener: (line: string) => void) => void;
}

/** A command at work. */
export interface Running {
  /** Resolves when it ends by itself; with the exit code. */
  readonly done: Promise<number>;
  /** Ends it in order; may be called more than once. */
  readonly stop: () => Promise<void>;
  /** The exit code where a signal ends it before it is done; 0, as of what runs until it is stopped. */
  readonly codeWhenStopped?: number;
}

export type Start =
  | { readonly kind: 'running'; readonly running: Running }
  | { readonly kind: 'wrong-settings'; readonly problems: readonly string[] };

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Command lines that a newcomer can try, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly settings: SettingGroup;
  readonly start: (context: CommandContext) => Promise<Start>;
}

/** For commands that run until they are stopped. */
export const untilStopped = (stop: () => Promise<void>): Start => ({
  kind: 'running',
  running: { done: new Promise(() => undefined), stop },
});
