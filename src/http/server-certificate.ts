/**
 * The certificate of our HTTPS and gRPC servers, and the authorities of client certificates, from
 * files that change under them: cert-manager and Secret mounts replace them while the process runs.
 */

import { readFileSync } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import type { Log, Schedule } from '../delivery/ports.ts';
import { unreadableFile } from '../unreadable-file.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities of client certificates; none: no client is asked for one. */
  readonly clientCaFile?: string | undefined;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates. */
  readonly ca?: string | undefined;
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
 * Reads the files, and again every ten seconds from the first server that follows.
 * @throws Error naming all that is wrong with the files
 */
export function createServerCertificate(
  files: CertificateFiles,
  deps: { readonly schedule: Schedule; readonly log: Log },
): ServerCertificate {
  let pair = readPair(files);
  let callOff: (() => void) | undefined;
  const servers: Server[] = [];

  const look = (): void => {
    try {
      const found = readPair(files);
      if (found.cert === pair.cert && found.key === pair.key && found.ca === pair.ca) return;
      for (const server of servers) server.setSecureContext(found);
      pair = found;
      deps.log.info({ file: files.certFile }, 'the certificate has changed and is served');
    } catch (error) {
      // The files are replaced one after the other: the next look finds them all.
      const reason = error instanceof Error ? error.message : String(error);
      deps.log.warn({ reason }, 'the changed certificate cannot be used; the one before is served');
    }
  };
  const lookLater = (): void => {
    callOff = deps.schedule(lookAgainMs, () => {
      look();
      lookLater();
    });
  };
  return {
    get pair() {
      return pair;
    },
    follow: (server) => {
      servers.push(server);
      if (callOff === undefined) lookLater();
    },
    close: () => callOff?.(),
  };
}

/** @returns all that is wrong with the files; nothing where they can be served with */
export const certificateProblems = (files: CertificateFiles): string[] =>
  problemsOf(readAll(files), files);

function problemsOf(read: ReturnType<typeof readAll>, files: CertificateFiles): string[] {
  if (read.problems.length > 0) return read.problems;
  const { cert, key, ca } = read.pair;
  const { certFile, keyFile, clientCaFile } = files;
  return [
    ...unusable({ cert, key }, `TLS_CERT_FILE ${certFile} and TLS_KEY_FILE ${keyFile}`),
    ...(ca === undefined ? [] : unusableAuthority(ca, `TLS_CLIENT_CA_FILE ${clientCaFile}`)),
  ];
}

function readPair(files: CertificateFiles): KeyPair {
  const read = readAll(files);
  const problems = problemsOf(read, files);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return read.pair;
}

function unusable(pair: KeyPair, where: string): string[] {
  try {
    createSecureContext(pair);
    return [];
  } catch (error) {
    return [`${where}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** OpenSSL skips what it does not know: an authority that was left out would let nobody in. */
const unusableAuthority = (ca: string, where: string): string[] =>
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(ca)
    ? unusable({ ca } as KeyPair, where)
    : [`${where}: there is no certificate in PEM in it`];

function readAll({ certFile, keyFile, clientCaFile }: CertificateFiles) {
  const problems: string[] = [];
  const read = (setting: string, file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      problems.push(unreadableFile(setting, file, error));
      return '';
    }
  };
  const pair: KeyPair = {
    cert: read('TLS_CERT_FILE', certFile),
    key: read('TLS_KEY_FILE', keyFile),
    ...(clientCaFile !== undefined && { ca: read('TLS_CLIENT_CA_FILE', clientCaFile) }),
  };
  return { pair, problems };
}
