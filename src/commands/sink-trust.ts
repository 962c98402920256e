/**
 * What Knative's SinkBinding gives a sender beside the address, where TLS and OIDC are on: the
 * authority of the sink (`K_CA_CERTS`), bundles of the cluster's authorities and a token, as files
 * that it mounts. They may be absent, and they change while we run.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Now } from '../delivery/ports.ts';
import { isHttpSafe } from '../delivery/trace-headers.ts';

/**
 * @returns what looks up the authorities beside those that Node knows; the same array while nothing
 *   changes, and undefined where there are none
 */
export function createAuthorities(
  caCerts: string | undefined,
  directory: string,
): () => readonly string[] | undefined {
  let known: readonly string[] = [];
  let all: readonly string[] | undefined;
  return () => {
    const found = [...(caCerts === undefined ? [] : [caCerts]), ...bundlesIn(directory)];
    const isSame = found.length === known.length && found.every((pem, at) => pem === known[at]);
    if (isSame) return all;
    known = found;
    all = found.length === 0 ? undefined : [...rootCertificates, ...found];
    return all;
  };
}

/** Kubernetes mounts files as links, beside folders of its own whose names begin with two dots. */
function bundlesIn(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => !name.startsWith('..'));
    return names.sort().flatMap((name) => {
      const pem = textOf(join(directory, name));
      return pem?.includes('-----BEGIN CERTIFICATE-----') ? [pem] : [];
    });
  } catch {
    return [];
  }
}

/** A token is good for an hour, and is replaced well before its end. */
const rereadMs = 10_000;

/** @returns what looks up the token in `file`; undefined where there is none */
export function createTokenFile(file: string, now: Now): () => string | undefined {
  let readAt = Number.NEGATIVE_INFINITY;
  let token: string | undefined;
  return () => {
    if (now() - readAt >= rereadMs) {
      readAt = now();
      const text = textOf(file)?.trim() ?? '';
      token = isHttpSafe(text) && !text.includes(' ') ? text : undefined;
    }
    return token;
  };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
