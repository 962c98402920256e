/** The certificate that a server of ours shows. */

import { type SettingGroup, text } from './setting.ts';

export const tlsSettings = {
  tlsCertFile: {
    env: 'TLS_CERT_FILE',
    schema: text,
    doc: 'PEM file with the certificate chain to serve HTTPS with; read anew when it changes. Unset: HTTP.',
  },
  tlsKeyFile: {
    env: 'TLS_KEY_FILE',
    schema: text,
    doc: "PEM file with the certificate's private key.",
  },
} as const satisfies SettingGroup;

/** @returns what is wrong where only one of the two is given */
export const tlsProblem = ({
  tlsCertFile,
  tlsKeyFile,
}: {
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
}): string | undefined =>
  (tlsCertFile === undefined) === (tlsKeyFile === undefined)
    ? undefined
    : 'TLS_CERT_FILE and TLS_KEY_FILE go together: set both, or neither';
