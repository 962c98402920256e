/**
 * The Kafka that a cluster has, said once for all SeldonDeployments: what their `svcOrchSpec.env`
 * leaves open. Only those of `serverType: kafka` are given it.
 *
 * D1 Brokers and credentials go together: who names brokers, or anything of their security, is given
 *    neither, so that a password never goes to brokers that it is not for.
 * D2 A Secret is mounted, read-only, only where a file in it is named.
 */

import { serverTypeOf } from './call-style.ts';
import { mergeEnv } from './merge-container.ts';
import { adapterContainer } from './names.ts';
import type { KafkaDefaults, Reference } from './rendered.ts';
import type {
  Container,
  EnvVar,
  PodSpec,
  Predictor,
  SeldonDeployment,
  Volume,
  VolumeMount,
} from './seldon-deployment.ts';
import { withNamed } from './storage-initializer.ts';

const connection = /^KAFKA_(?:BROKER$|SECURITY_PROTOCOL$|SSL_|SASL_)/;

/** Fills in what every predictor leaves open. */
export function withKafkaDefaults(
  sdep: SeldonDeployment,
  defaults: KafkaDefaults | undefined,
): SeldonDeployment {
  if (defaults === undefined || serverTypeOf(sdep) !== 'kafka') return sdep;
  const predictors = sdep.spec.predictors.map((predictor) => filled(predictor, defaults));
  return { ...sdep, spec: { ...sdep.spec, predictors } };
}

function filled(predictor: Predictor, defaults: KafkaDefaults): Predictor {
  const given = predictor.svcOrchSpec?.env ?? [];
  const names = new Set(given.map(({ name }) => name));
  const connects = given.some(({ name }) => connection.test(name));
  const added = Object.entries(defaults.env)
    .filter(([name]) => !names.has(name) && !(connects && connection.test(name)))
    .map(([name, value]): EnvVar => ({ name, value }));
  // Behind the user's, so that their places, which messages name, stay.
  const env = mergeEnv(given, added);
  return { ...predictor, svcOrchSpec: { ...predictor.svcOrchSpec, env } };
}

interface UsedSecret {
  readonly name: string;
  readonly mountPath: string;
  /** Files that are named, which are keys of it. */
  readonly keys: readonly string[];
}

/** The Secrets of which a predictor names a file. */
function usedSecrets(predictor: Predictor, defaults: KafkaDefaults | undefined): UsedSecret[] {
  const files = (predictor.svcOrchSpec?.env ?? []).flatMap(({ name, value }) =>
    name.startsWith('KAFKA_') && name.endsWith('_FILE') && value !== undefined ? [value] : [],
  );
  return Object.entries(defaults?.secrets ?? {}).flatMap(([name, mountPath]) => {
    const within = files.filter((file) => file.startsWith(`${mountPath}/`));
    const keys = within.map((file) => file.slice(mountPath.length + 1));
    return keys.length === 0 ? [] : [{ name, mountPath, keys }];
  });
}

const volumeOf = (secret: string): string => `kafka-${secret}`;

/** Mounts into the adapter what its variables name. */
export function withKafkaSecrets(
  pod: PodSpec,
  predictor: Predictor,
  defaults: KafkaDefaults | undefined,
): PodSpec {
  const used = usedSecrets(predictor, defaults);
  if (used.length === 0) return pod;
  const volumes = used.map(
    ({ name }): Volume => ({ name: volumeOf(name), secret: { secretName: name } }),
  );
  const mounts = used.map(
    ({ name, mountPath }): VolumeMount => ({ name: volumeOf(name), mountPath, readOnly: true }),
  );
  const withMounts = (container: Container): Container =>
    container.name === adapterContainer
      ? { ...container, volumeMounts: [...(container.volumeMounts ?? []), ...mounts] }
      : container;
  return {
    ...pod,
    containers: pod.containers.map(withMounts),
    volumes: withNamed(pod.volumes, volumes),
  };
}

/** The Secrets that must be in the namespace. */
export const kafkaSecretReferences = (
  { spec }: SeldonDeployment,
  defaults: KafkaDefaults | undefined,
): Reference[] =>
  spec.predictors.flatMap((predictor) =>
    usedSecrets(predictor, defaults).map(
      ({ name, keys }): Reference => ({
        kind: 'Secret',
        name,
        keys,
        field: "the controller's KAFKA_DEFAULTS",
      }),
    ),
  );
