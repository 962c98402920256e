/** Who may call the adapter: its certificate, client certificates, and tokens of an OIDC issuer. */

import type { Conflict } from './parse.ts';
import { list, type SettingGroup, text } from './setting.ts';
import { tlsProblem, tlsSettings } from './tls.ts';

/** Whoever stands between could put keys of its own in place of the issuer's. */
const isSafeIssuer = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (`${username}${password}${search}${hash}` !== '') return false;
  const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
};

export const serverSecuritySettings = {
  ...tlsSettings,
  tlsClientCaFile: {
    env: 'TLS_CLIENT_CA_FILE',
    schema: text,
    doc: 'PEM file with the authorities of client certificates; read anew when it changes. With it predictions, feedback and metadata are only for callers that show a certificate of theirs; health and metrics stay open. The gRPC port takes no other connections.',
  },
  oidcIssuer: {
    env: 'OIDC_ISSUER',
    schema: text.refine(isSafeIssuer, 'expected an https:// URL without query'),
    doc: "URL of the OpenID Connect issuer whose tokens callers must show: exactly as it stands in a token's `iss`. Unset: no token is asked for.",
  },
  oidcAudience: {
    env: 'OIDC_AUDIENCE',
    schema: text,
    fallbackText: '`machinelearning.seldon.io/seldondeployment/<namespace>/<sdep>`',
    doc: 'Whom tokens must be for.',
  },
  oidcSubjects: {
    env: 'OIDC_SUBJECTS',
    schema: list,
    doc: 'Whose tokens are taken, such as `system:serviceaccount:default:iris`; a `*` at the end stands for any rest. Unset: those of every subject.',
  },
  oidcCaFile: {
    env: 'OIDC_CA_FILE',
    schema: text,
    doc: "PEM file with the authority of the issuer's own certificate, where Node does not know it; for the Kubernetes API server `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt`.",
  },
  oidcTokenFile: {
    env: 'OIDC_TOKEN_FILE',
    schema: text,
    doc: "File with a token that the issuer's discovery and keys are asked for with, where they are not open to all; for the Kubernetes API server `/var/run/secrets/kubernetes.io/serviceaccount/token`.",
  },
} as const satisfies SettingGroup;

type Group = typeof serverSecuritySettings;

const needsIssuer = (name: keyof Group): Conflict<Group> => ({
  between: ['oidcIssuer', name],
  problem: (values) =>
    values[name] !== undefined && values.oidcIssuer === undefined
      ? `${serverSecuritySettings[name].env} is set without OIDC_ISSUER, so that no token would be asked for: set OIDC_ISSUER, or unset it`
      : undefined,
});

export const serverSecurityConflicts: readonly Conflict<Group>[] = [
  { between: ['tlsCertFile', 'tlsKeyFile'], problem: tlsProblem },
  {
    between: ['tlsCertFile', 'tlsClientCaFile'],
    problem: ({ tlsCertFile, tlsClientCaFile }) =>
      tlsClientCaFile !== undefined && tlsCertFile === undefined
        ? 'TLS_CLIENT_CA_FILE is set without TLS_CERT_FILE: client certificates are shown over HTTPS alone'
        : undefined,
  },
  needsIssuer('oidcAudience'),
  needsIssuer('oidcSubjects'),
  needsIssuer('oidcCaFile'),
  needsIssuer('oidcTokenFile'),
];
