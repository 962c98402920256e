/** An object as it is shown to a person: without what only the API server cares for, and without secrets. */

import { createHash } from 'node:crypto';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import { hashAnnotation } from './applied.ts';
import { recordOf } from './live-object.ts';
import type { Manifest } from './render/manifest.ts';

/** Variables whose values are secrets, or hold all variables again (Seldon's ENGINE_PREDICTOR). */
const secretName = /PASS|SECRET|TOKEN|CREDENTIAL|CLIENT_KEY|ENGINE_PREDICTOR/i;
const namesSecretFile = /_FILE$/i;

const serverSide = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'];

/** For comparisons and for eyes: never to be applied. */
export function shown(object: KubeObject | Manifest): object {
  const { status: _, metadata, ...rest } = object as KubeObject;
  const { [hashAnnotation]: __, ...annotations } = metadata.annotations ?? {};
  const { annotations: ___, ...others } = Object.fromEntries(
    Object.entries(metadata).filter(([field]) => !serverSide.includes(field)),
  );
  const whole = {
    ...rest,
    metadata: { ...others, ...(Object.keys(annotations).length > 0 && { annotations }) },
  };
  return withoutSecrets(whole, rest.kind) as object;
}

function withoutSecrets(value: unknown, kind: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, kind));
  if (typeof value !== 'object' || value === null) return value;
  const { name, value: held } = recordOf(value);
  if (typeof name === 'string' && typeof held === 'string' && isSecret(name)) {
    return { ...value, value: digest(held) };
  }
  const entries = Object.entries(value).map(([field, inner]) => {
    const isData = kind === 'Secret' && (field === 'data' || field === 'stringData');
    return [field, isData ? digests(inner) : withoutSecrets(inner, kind)] as const;
  });
  return Object.fromEntries(entries);
}

const isSecret = (name: string): boolean => secretName.test(name) && !namesSecretFile.test(name);

const digests = (data: unknown): object =>
  Object.fromEntries(
    Object.entries(recordOf(data)).map(([key, value]) => [key, digest(String(value))]),
  );

/** Enough to see that it changes; too little to find a long secret by. */
const digest = (secret: string): string =>
  `(not shown; sha256 begins with ${createHash('sha256').update(secret).digest('hex').slice(0, 8)})`;
