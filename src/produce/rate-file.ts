/**
 * Follows a file whose content is the rate.
 *
 * F1 A file that is missing or unreadable, or holds no rate, leaves the rate as it is.
 * F2 That is said once, and only of what two looks in a row found: one look may fall between a
 *    writer's truncating the file and its writing the new rate.
 * F3 A file that is written again with the same rate counts as changed.
 */

import { readFile, stat } from 'node:fs/promises';
import type { Schedule } from '../delivery/ports.ts';
import { oneLine } from './answer.ts';

export interface RateFileOptions {
  readonly path: string;
  readonly parseRate: (text: string) => number | undefined;
}

export interface RateFileDeps {
  readonly onRate: (perSecond: number) => void;
  readonly print: (line: string) => void;
  readonly schedule: Schedule;
}

export interface RateFile {
  readonly close: () => void;
}

const pollMs = 500;
const maxBytes = 1_024;

type Look = { readonly version: string } & ({ readonly rate: number } | { readonly fault: string });

/** Resolves after the first look, whose rate is told as well. */
export async function watchRateFile(
  { path, parseRate }: RateFileOptions,
  { onRate, print, schedule }: RateFileDeps,
): Promise<RateFile> {
  let last: Look | undefined;
  let saidFault: string | undefined;
  let closed = false;
  let cancel = (): void => undefined;

  const take = (look: Look): void => {
    if ('fault' in look) {
      const twice = last !== undefined && 'fault' in last && last.fault === look.fault;
      if (twice && saidFault !== look.fault) {
        saidFault = look.fault;
        print(`The rate file ${path} ${look.fault}. The rate stays as it is.`);
      }
    } else {
      saidFault = undefined;
      if (look.version !== last?.version) onRate(look.rate);
    }
    last = look;
  };

  const poll = async (): Promise<void> => {
    const look = await lookAt(path, parseRate);
    if (closed) return;
    take(look);
    cancel = schedule(pollMs, () => void poll());
  };

  await poll();
  return {
    close: () => {
      closed = true;
      cancel();
    },
  };
}

async function lookAt(path: string, parseRate: RateFileOptions['parseRate']): Promise<Look> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return { version: '', fault: 'is not a file' };
    if (stats.size > maxBytes) return { version: '', fault: 'is too large to be a rate' };
    const text = (await readFile(path, 'utf8')).trim();
    const rate = parseRate(text);
    if (rate === undefined) {
      const found =
        text === '' ? 'is empty' : `holds ${JSON.stringify(oneLine(text.slice(0, 40)))}`;
      return { version: '', fault: `${found}, not a number of events per second` };
    }
    return { version: `${stats.mtimeMs} ${stats.ino} ${text}`, rate };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      version: '',
      fault: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`,
    };
  }
}
