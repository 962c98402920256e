/** Where a credential comes from: a value, or a file that may change while we run. */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

export interface Source {
  /** The variable that is set, for messages. */
  readonly setting: string;
  readonly value?: string | undefined;
  readonly file?: string | undefined;
  /** An empty file means that there is none: the documented Secrets have all keys, some empty. */
  readonly mayBeEmpty?: boolean | undefined;
}

/** A credential that cannot be used; the message names its setting and never holds it. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}

/** Far more than any bundle of certificates. */
const maxFileBytes = 1024 * 1024;

/**
 * Reads what is there now. Line ends after the last character are not part of it: editors and
 * `echo` leave them. A value may have `\n` in place of line ends, as PEM is often given.
 * Synchronous, since kafkajs asks for sockets that way; the files are small and local.
 *
 * @throws CredentialError where a file cannot be read, is empty or far too large
 */
export function readSource(source: Source): string {
  const { setting, value, file, mayBeEmpty = false } = source;
  if (file === undefined) return withLineEnds(value ?? '');
  const text = readText(setting, file).replace(/[\r\n]+$/, '');
  if (text === '' && !mayBeEmpty) throw new CredentialError(`${setting}: ${file} is empty`);
  return text;
}

const withLineEnds = (value: string): string =>
  value.startsWith('-----BEGIN') && !value.includes('\n') ? value.replaceAll('\\n', '\n') : value;

function readText(setting: string, file: string): string {
  let size = 0;
  try {
    const descriptor = openSync(file, 'r');
    try {
      size = fstatSync(descriptor).size;
      if (size <= maxFileBytes) return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CredentialError(`${setting}: ${file} cannot be read (${code ?? message})`);
  }
  throw new CredentialError(`${setting}: ${file} has ${size} bytes, too many for a credential`);
}
