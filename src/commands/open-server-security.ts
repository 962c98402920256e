/** Wires what protects the adapter's servers: certificate, client certificates, tokens. */

import { readFileSync } from 'node:fs';
import { Server as TlsServer } from 'node:tls';
import type { AdapterConfig } from '../config/adapter.ts';
import type { AdmitCaller } from '../delivery/admit-caller.ts';
import type { Log } from '../delivery/ports.ts';
import { guardRoutes } from '../http/guard.ts';
import { healthPaths } from '../http/health.ts';
import type { createHttpServer } from '../http/server.ts';
import {
  type CertificateFiles,
  certificateProblems,
  createServerCertificate,
  type ServerCertificate,
} from '../http/server-certificate.ts';
import { protocols } from '../inference/protocols.ts';
import { unreadableFile } from '../unreadable-file.ts';
import { now, schedule, wallClock } from './clock.ts';

export interface ServerSecurity {
  /** Undefined: nothing is encrypted. */
  readonly certificate: ServerCertificate | undefined;
  /** Undefined: no token is asked for. */
  readonly admit: AdmitCaller | undefined;
  /** To be called before routes are registered. */
  readonly secure: (server: ReturnType<typeof createHttpServer>) => void;
  readonly close: () => void;
}

/** Whose tokens are for this SeldonDeployment, as Knative names an audience: in lower case. */
const ownAudience = ({ namespace, sdep }: Pick<AdapterConfig, 'namespace' | 'sdep'>): string =>
  `machinelearning.seldon.io/seldondeployment/${namespace}/${sdep}`.toLowerCase();

/** @returns what is wrong with the files that are named */
export function serverSecurityProblems(config: AdapterConfig): string[] {
  const files = certificateFiles(config);
  return [
    ...(files === undefined ? [] : certificateProblems(files)),
    ...unreadable('OIDC_CA_FILE', config.oidcCaFile),
    ...unreadable('OIDC_TOKEN_FILE', config.oidcTokenFile),
  ];
}

/** @throws Error naming the files of a certificate that cannot be used */
export async function openServerSecurity(config: AdapterConfig, log: Log): Promise<ServerSecurity> {
  const files = certificateFiles(config);
  const certificate = files && createServerCertificate(files, { schedule, log });
  const admission = await openAdmission(config, log);
  const certificates = config.tlsClientCaFile !== undefined;
  return {
    certificate,
    admit: admission?.admit,
    secure: (server) => {
      if (server.server instanceof TlsServer) certificate?.follow(server.server);
      if (admission === undefined && !certificates) return;
      const protocol = protocols[config.protocol];
      const options = { open: healthPaths(config), certificates, protocol };
      guardRoutes(server, options, { admit: admission?.admit, log });
    },
    close: () => {
      certificate?.close();
      admission?.close();
    },
  };
}

async function openAdmission(config: AdapterConfig, log: Log) {
  const { oidcIssuer, oidcAudience, oidcSubjects, oidcCaFile, oidcTokenFile } = config;
  if (oidcIssuer === undefined) return undefined;
  // The library takes memory, which those who ask for no token need not give.
  const { createAdmission } = await import('../http/oidc/admit-caller.ts');
  const audience = oidcAudience ?? ownAudience(config);
  log.info({ issuer: oidcIssuer, audience }, 'callers must show a token');
  return createAdmission(
    {
      ...{ issuer: oidcIssuer, audience, subjects: oidcSubjects },
      ...{ caFile: oidcCaFile, tokenFile: oidcTokenFile },
    },
    { now, wallClock, schedule, log },
  );
}

function certificateFiles(config: AdapterConfig): CertificateFiles | undefined {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile } = config;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  return { certFile: tlsCertFile, keyFile: tlsKeyFile, clientCaFile: tlsClientCaFile };
}

function unreadable(setting: string, file: string | undefined): string[] {
  if (file === undefined) return [];
  try {
    readFileSync(file);
    return [];
  } catch (error) {
    return [unreadableFile(setting, file, error)];
  }
}
