/**
 * HTTPS of the adapter: by the Secret that `predictors[].ssl.certSecretName` names (Seldon's own
 * field), or by `TLS_CERT_FILE` among the variables of `svcOrchSpec`.
 */

import { mergeContainer } from './merge-container.ts';
import { adapterContainer } from './names.ts';
import type { Reference } from './rendered.ts';
import type {
  Container,
  EnvVar,
  PodSpec,
  Predictor,
  SeldonDeployment,
  Volume,
} from './seldon-deployment.ts';
import { withNamed } from './storage-initializer.ts';

const volumeName = 'seldon-tls';
const mountPath = '/etc/seldon-eventing/tls';

/** The keys of a Secret of type kubernetes.io/tls, as cert-manager fills it. */
const keys = ['tls.crt', 'tls.key'];

const secretOf = ({ ssl }: Predictor): string => ssl?.certSecretName ?? '';

/** Variables that name the files of the mounted Secret. */
export const tlsEnv = (predictor: Predictor): EnvVar[] =>
  secretOf(predictor) === ''
    ? []
    : [
        { name: 'TLS_CERT_FILE', value: `${mountPath}/tls.crt` },
        { name: 'TLS_KEY_FILE', value: `${mountPath}/tls.key` },
      ];

/** Mounts the Secret into the adapter. */
export function withCertificate(pod: PodSpec, predictor: Predictor): PodSpec {
  const secretName = secretOf(predictor);
  if (secretName === '') return pod;
  const volume: Volume = { name: volumeName, secret: { secretName } };
  const mount = { name: volumeName, mountPath, readOnly: true };
  const withMount = (container: Container): Container =>
    container.name === adapterContainer
      ? mergeContainer({ name: adapterContainer, volumeMounts: [mount] }, container)
      : container;
  return {
    ...pod,
    containers: pod.containers.map(withMount),
    volumes: withNamed(pod.volumes, [volume]),
  };
}

export const certificateReferences = ({ spec }: SeldonDeployment): Reference[] =>
  spec.predictors.flatMap((predictor, i): Reference[] => {
    const name = secretOf(predictor);
    const field = `spec.predictors[${i}].ssl.certSecretName`;
    return name === '' ? [] : [{ kind: 'Secret', name, keys, field }];
  });

/** Whether an adapter with these variables speaks HTTPS. */
export const servesTls = (env: readonly EnvVar[]): boolean => isSet(find(env, 'TLS_CERT_FILE'));

/**
 * The Secret that the certificate comes from, and may have the authority that signed it beside it;
 * undefined where that cannot be told.
 */
export function certificateSecret(pod: PodSpec, env: readonly EnvVar[]): string | undefined {
  const file = find(env, 'TLS_CERT_FILE')?.value ?? '';
  const adapter = pod.containers.find(({ name }) => name === adapterContainer);
  const mount = adapter?.volumeMounts
    ?.filter((one) => file.startsWith(`${one.mountPath.replace(/\/$/, '')}/`))
    .toSorted((one, other) => other.mountPath.length - one.mountPath.length)[0];
  const volume = pod.volumes?.find(({ name }) => name === mount?.name);
  const { secretName } = (volume?.['secret'] ?? {}) as { readonly secretName?: unknown };
  return typeof secretName === 'string' && secretName !== '' ? secretName : undefined;
}

/**
 * Whom tokens must be for, as the adapter will have it; undefined where it asks for none, or where
 * it cannot be told here.
 */
export function audienceOf(
  { metadata: { namespace, name } }: SeldonDeployment,
  env: readonly EnvVar[],
): string | undefined {
  if (!isSet(find(env, 'OIDC_ISSUER'))) return undefined;
  const given = find(env, 'OIDC_AUDIENCE');
  if (given?.valueFrom !== undefined) return undefined;
  return given?.value?.trim() || `machinelearning.seldon.io/seldondeployment/${namespace}/${name}`;
}

const find = (env: readonly EnvVar[], name: string): EnvVar | undefined =>
  env.find((variable) => variable.name === name);

const isSet = (variable: EnvVar | undefined): boolean =>
  variable !== undefined && (variable.valueFrom !== undefined || Boolean(variable.value?.trim()));
