/** Whether the Secrets and ConfigMaps that pods need are there, before pods fail on them. */

import { isApiError } from '../kubernetes/api-error.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { recordOf } from './live-object.ts';
import type { Finding } from './render/finding.ts';
import type { Reference } from './render/rendered.ts';

export interface ReferencesDeps {
  readonly client: Pick<KubernetesClient, 'get'>;
  readonly now: () => number;
  /** We may not read them: told once. */
  readonly unreadable: (kind: string, message: string) => void;
}

/** @returns what is missing; nothing is said of what we may not read */
export type CheckReferences = (
  namespace: string,
  references: readonly Reference[],
) => Promise<Finding[]>;

/** Many SeldonDeployments name the same Secret: one answer serves those that are looked at together. */
const rememberMs = 2_000;
/** More than are ever looked at within that time. */
const maxRemembered = 10_000;

/** Only the names of keys are kept, never a value. */
type Keys = ReadonlySet<string> | 'absent' | 'unreadable';

export function createCheckReferences(deps: ReferencesDeps): CheckReferences {
  const remembered = new Map<string, { readonly at: number; readonly keys: Promise<Keys> }>();

  const ask = async (namespace: string, { kind, name }: Reference): Promise<Keys> => {
    try {
      const object = await deps.client.get({ apiVersion: 'v1', kind, namespace, name });
      if (object === undefined) return 'absent';
      const parts = [object['data'], object['binaryData']];
      return new Set(parts.flatMap((part) => Object.keys(recordOf(part))));
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      deps.unreadable(kind, error.message);
      return 'unreadable';
    }
  };

  const keysOf = (namespace: string, reference: Reference): Promise<Keys> => {
    const id = `${reference.kind} ${namespace}/${reference.name}`;
    const known = remembered.get(id);
    if (known !== undefined && deps.now() - known.at < rememberMs) return known.keys;
    if (remembered.size >= maxRemembered) remembered.clear();
    const keys = ask(namespace, reference);
    keys.catch(() => remembered.delete(id));
    remembered.set(id, { at: deps.now(), keys });
    return keys;
  };

  return async (namespace, references) => {
    const found = await Promise.all(references.map((each) => keysOf(namespace, each)));
    return references.flatMap((reference, i) => missing(reference, found[i] ?? 'unreadable'));
  };
}

function missing({ kind, name, keys, field }: Reference, found: Keys): Finding[] {
  if (found === 'unreadable') return [];
  if (found === 'absent') {
    const message = `${field} names the ${kind} ${name}, which is not there: create it; the rest follows by itself`;
    return [{ reason: `${kind}Missing`, message }];
  }
  const absent = keys.filter((key) => !found.has(key));
  if (absent.length === 0) return [];
  const message = `${field} names ${absent.map((key) => `"${key}"`).join(', ')} of the ${kind} ${name}, which has no such key: add it; the rest follows by itself`;
  return [{ reason: `${kind}KeyMissing`, message }];
}
