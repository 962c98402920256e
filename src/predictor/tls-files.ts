/** The PEM files of the connection to the predictor, read when they are needed: they may change. */

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { unreadableFile } from '../unreadable-file.ts';

export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Nothing but what Node knows. */
export const noTlsFiles: TlsFiles = { ca: undefined, cert: undefined, key: undefined };

export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const settings = {
  ca: 'PREDICTOR_TLS_CA_FILE',
  cert: 'PREDICTOR_TLS_CERT_FILE',
  key: 'PREDICTOR_TLS_KEY_FILE',
} as const;

/** @throws Error that names the setting and the file */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  const read = (part: keyof TlsFiles): Partial<TlsMaterial> => {
    const file = files[part];
    if (file === undefined) return {};
    try {
      return { [part]: readFileSync(file) };
    } catch (error) {
      throw new Error(unreadableFile(settings[part], file, error), { cause: error });
    }
  };
  return { ...read('ca'), ...read('cert'), ...read('key') };
}

/** @returns what is wrong with the files; nothing where they can be used */
export function tlsFileProblems(files: TlsFiles): string[] {
  try {
    createSecureContext(readTlsFiles(files));
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const named = reason.startsWith('PREDICTOR_TLS_');
    return [named ? reason : `PREDICTOR_TLS_*_FILE: not usable as PEM (${reason})`];
  }
}
