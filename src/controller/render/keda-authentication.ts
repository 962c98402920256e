/**
 * How KEDA's Kafka scaler is to authenticate: as the adapter does (KEDA 2.21, kafka_scaler.go). Nothing
 * secret is copied: KEDA is told where the adapter has it from.
 */

import type { SaslMechanism } from '../../delivery/kafka-security.ts';
import type { Finding } from './finding.ts';
import type { CredentialRole, KafkaCredential } from './kafka-credentials.ts';
import type { KafkaSettings } from './kafka-settings.ts';
import type { FileSource, ScaledPod } from './keda-pod.ts';
import { adapterContainer } from './names.ts';

/** The spec of a TriggerAuthentication, as far as we use it. */
export interface AuthenticationSpec {
  readonly env?: readonly { parameter: string; name: string; containerName: string }[];
  readonly secretTargetRef?: readonly ObjectKey[];
  readonly configMapTargetRef?: readonly ObjectKey[];
}

interface ObjectKey {
  readonly parameter: string;
  readonly name: string;
  readonly key: string;
}

export interface ScalerSecurity {
  /** For the scale trigger's metadata: `tls` and `sasl` are words of KEDA's, not the adapter's. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined where there is nothing to show. */
  readonly authentication: AuthenticationSpec | undefined;
  readonly warnings: readonly Finding[];
}

const saslTypes: Readonly<Record<SaslMechanism, string>> = {
  PLAIN: 'plaintext',
  'SCRAM-SHA-256': 'scram_sha256',
  'SCRAM-SHA-512': 'scram_sha512',
  OAUTHBEARER: 'oauthbearer',
};

type Parameters = Readonly<Partial<Record<CredentialRole, string>>>;

const tlsParameters: Parameters = {
  ca: 'ca',
  cert: 'cert',
  key: 'key',
  keyPassword: 'keyPassword',
};
const loginParameters: Parameters = { username: 'username', password: 'password' };
const clientParameters: Parameters = {
  clientId: 'username',
  clientSecret: 'password',
  tokenUrl: 'oauthTokenEndpointUri',
  scope: 'scopes',
  extensions: 'oauthExtensions',
};

/**
 * Translates the adapter's security into KEDA's.
 * @param where the kedaSpec's path, for messages
 */
export function scalerSecurity(
  settings: KafkaSettings,
  pod: ScaledPod,
  where: string,
): ScalerSecurity {
  const { securityProtocol, saslMechanism, credentials } = settings;
  const protocol = securityProtocol.known;
  const mechanism = saslMechanism?.known;
  if (
    protocol === undefined ||
    (protocol.startsWith('SASL_') && saslMechanism !== undefined && mechanism === undefined)
  ) {
    const name = protocol === undefined ? 'KAFKA_SECURITY_PROTOCOL' : 'KAFKA_SASL_MECHANISM';
    const message = `${where}: ${name} of the adapter is not known here, so KEDA cannot be told how to authenticate; give it by value, or set tls, sasl and authenticationRef in the scale trigger`;
    return {
      metadata: {},
      authentication: undefined,
      warnings: [{ reason: 'ScalerSecurityUnknown', message }],
    };
  }
  const isTls = protocol.endsWith('SSL');
  const isSasl = protocol.startsWith('SASL_') && mechanism !== undefined;
  const parameters: Parameters = {
    ...(isTls && tlsParameters),
    ...(isSasl && (mechanism === 'OAUTHBEARER' ? clientParameters : loginParameters)),
  };
  const { authentication, unreadable } = authenticationOf(credentials, parameters, pod);
  return {
    metadata: { ...(isTls && { tls: 'enable' }), ...(isSasl && { sasl: saslTypes[mechanism] }) },
    authentication,
    warnings: unreadable.map(({ variable, path }) => ({
      reason: 'ScalerCredentialUnreadable',
      message: `${where}: KEDA cannot read what ${variable} of the adapter is${path === undefined ? '' : ` (${path})`}: give it by secretKeyRef, mount a Secret there, or set authenticationRef in the scale trigger`,
    })),
  };
}

function authenticationOf(
  credentials: readonly KafkaCredential[],
  parameters: Parameters,
  pod: ScaledPod,
) {
  const env: { parameter: string; name: string; containerName: string }[] = [];
  const secretTargetRef: ObjectKey[] = [];
  const configMapTargetRef: ObjectKey[] = [];
  const unreadable: KafkaCredential[] = [];
  for (const credential of credentials) {
    const parameter = parameters[credential.role];
    if (parameter === undefined) continue;
    if (credential.kind === 'value' && pod.hasAdapter) {
      env.push({ parameter, name: credential.variable, containerName: adapterContainer });
      continue;
    }
    const source = sourceOf(credential, pod);
    if (source === undefined) unreadable.push(credential);
    else {
      const target = source.kind === 'Secret' ? secretTargetRef : configMapTargetRef;
      target.push({ parameter, name: source.name, key: source.key });
    }
  }
  const spec: AuthenticationSpec = {
    ...(env.length > 0 && { env }),
    ...(secretTargetRef.length > 0 && { secretTargetRef }),
    ...(configMapTargetRef.length > 0 && { configMapTargetRef }),
  };
  const authentication = Object.keys(spec).length === 0 ? undefined : spec;
  return { authentication, unreadable };
}

/** Where a credential stands that is no variable of the scaled pods. */
function sourceOf({ kind, path, from }: KafkaCredential, pod: ScaledPod): FileSource | undefined {
  if (kind === 'file') return path === undefined ? undefined : pod.fileAt(path);
  if (from?.secretKeyRef !== undefined)
    return { kind: 'Secret', name: from.secretKeyRef.name, key: from.secretKeyRef.key };
  const configMap = from?.configMapKeyRef;
  return configMap && { kind: 'ConfigMap', name: configMap.name, key: configMap.key };
}
