/** The TriggerAuthentications that a ScaledObject names, and the Secrets that they name. */

import type { PlainObject } from '../render/canonical.ts';
import { type Check, evidence, fault, fine, note, unseen } from './check.ts';
import { referenceKey } from './check-references.ts';
import { at, records, text } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

/** The names of the TriggerAuthentications of the namespace that a ScaledObject names. */
export function authenticationNames(object: PlainObject): string[] {
  const names = records(at(object, 'spec', 'triggers')).flatMap((trigger) => {
    const ref = trigger['authenticationRef'];
    const isOurs = (text(at(ref, 'kind')) ?? 'TriggerAuthentication') === 'TriggerAuthentication';
    return isOurs ? (text(at(ref, 'name')) ?? []) : [];
  });
  return [...new Set(names)];
}

export interface TargetKey {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string;
  readonly parameter: string;
}

/** The keys that a TriggerAuthentication reads. */
export function targetKeys(authentication: PlainObject): TargetKey[] {
  const fields = [
    ['Secret', 'secretTargetRef'],
    ['ConfigMap', 'configMapTargetRef'],
  ] as const;
  return fields.flatMap(([kind, field]) =>
    records(at(authentication, 'spec', field)).flatMap((entry) => {
      const [name, key] = [text(entry['name']), text(entry['key'])];
      const parameter = text(entry['parameter']) ?? '?';
      return name === undefined || key === undefined ? [] : [{ kind, name, key, parameter }];
    }),
  );
}

export function checkAuthentication(
  scaledObject: PlainObject,
  snapshot: Snapshot,
  subject: Subject,
): Check[] {
  const names = authenticationNames(scaledObject);
  if (names.length === 0) {
    return [note('trigger-authentication', 'KEDA shows the brokers no credentials')];
  }
  return names.flatMap((name) => checkOne(name, snapshot, subject));
}

function checkOne(name: string, snapshot: Snapshot, { namespace }: Subject): Check[] {
  const title = `TriggerAuthentication ${namespace}/${name}`;
  const id = 'trigger-authentication';
  const looked = snapshot.triggerAuthentications.get(name);
  if (looked === undefined || looked.kind === 'unseen') {
    return [unseen(id, title, looked?.reason ?? 'it was not asked for')];
  }
  if (looked.kind !== 'seen') {
    const todo =
      "create it, or take authenticationRef out of kedaSpec: the adapter's own credentials are then used";
    return [
      fault(id, `there is no ${title}`, todo, {
        follows: ['accepted', 'references', 'applied', 'observed', 'lease'],
      }),
    ];
  }
  const missing = targetKeys(looked.value).flatMap((target) =>
    missingKey(target, snapshot, namespace, title),
  );
  if (missing.length > 0) return missing;
  return [fine(id, `${title} is there`)];
}

function missingKey(
  target: TargetKey,
  { keys }: Snapshot,
  namespace: string,
  title: string,
): Check[] {
  const looked = keys.get(referenceKey(target));
  const id = 'trigger-authentication';
  const what = `${target.kind} ${namespace}/${target.name}`;
  if (looked === undefined || looked.kind === 'unseen') {
    return [unseen(id, what, looked?.reason ?? 'it was not asked for')];
  }
  const shown = {
    evidence: [evidence(title, `parameter ${target.parameter}`, `${target.name}/${target.key}`)],
    follows: ['references'] as const,
  };
  if (looked.kind !== 'seen') {
    return [fault(id, `${title} names ${what}, which is not there`, 'create it', shown)];
  }
  if (looked.value.includes(target.key)) return [];
  const told = `${title} names the key "${target.key}" of ${what}, which has no such key`;
  return [fault(id, told, 'add the key, or correct the name', shown)];
}
