/**
 * The certificate of an HTTPS server, from files that change under it: cert-manager and Secret
 * mounts replace them while the process runs.
 */

import { readFileSync } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import type { Log, Schedule } from '../delivery/ports.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface ServerCertificate {
  readonly pair: KeyPair;
  /** New connections get what the files hold by then; those that are open keep theirs. */
  readonly follow: (server: Server) => void;
  readonly close: () => void;
}

/** Kubelets take up to a minute to bring a changed Secret anyway. */
const lookAgainMs = 10_000;

/**
 * Reads the files, and again every ten seconds.
 * @throws Error naming the file that cannot be read, or that the two do not make a pair
 */
export function createServerCertificate(
  files: CertificateFiles,
  deps: { readonly schedule: Schedule; readonly log: Log },
): ServerCertificate {
  let pair = readPair(files);
  let callOff = (): void => undefined;

  const look = (server: Server): void => {
    try {
      const found = readPair(files);
      if (found.cert === pair.cert && found.key === pair.key) return;
      server.setSecureContext(found);
      pair = found;
      deps.log.info({ file: files.certFile }, 'the certificate has changed and is served');
    } catch (error) {
      // The two files are replaced one after the other: the next look finds them both.
      const reason = error instanceof Error ? error.message : String(error);
      deps.log.warn({ reason }, 'the changed certificate cannot be used; the one before is served');
    }
  };
  const follow = (server: Server): void => {
    callOff = deps.schedule(lookAgainMs, () => {
      look(server);
      follow(server);
    });
  };
  return {
    get pair() {
      return pair;
    },
    follow,
    close: () => callOff(),
  };
}

function readPair({ certFile, keyFile }: CertificateFiles): KeyPair {
  const pair = { cert: read('TLS_CERT_FILE', certFile), key: read('TLS_KEY_FILE', keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`TLS_CERT_FILE ${certFile} and TLS_KEY_FILE ${keyFile}: ${reason}`);
  }
  return pair;
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new Error(`${setting}: ${file} cannot be read (${code})`);
  }
}
