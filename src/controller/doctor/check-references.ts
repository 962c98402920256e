/** Secrets and ConfigMaps, and their keys, that pods and KEDA need before they start. */

import type { Reference } from '../render/rendered.ts';
import { type Check, evidence, fault, fine, unseen } from './check.ts';
import { some } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

export const referenceKey = ({ kind, name }: Pick<Reference, 'kind' | 'name'>): string =>
  `${kind} ${name}`;

export function checkReferences(snapshot: Snapshot, { references, namespace }: Subject): Check[] {
  const found = references.flatMap((reference) => missing(reference, snapshot, namespace));
  const hidden = new Map<string, string>();
  for (const reference of references) {
    const looked = snapshot.keys.get(referenceKey(reference));
    if (looked?.kind === 'unseen') hidden.set(referenceKey(reference), looked.reason);
  }
  const [reason] = hidden.values();
  const seenAll = found.length === 0 && hidden.size === 0 && references.length > 0;
  const names = [...new Set(references.map(referenceKey))];
  return [
    ...(seenAll ? [fine('references', `what its pods need is there: ${some(names)}`)] : []),
    ...found,
    ...(reason === undefined ? [] : [unseen('references', some([...hidden.keys()]), reason)]),
  ];
}

function missing(reference: Reference, { keys }: Snapshot, namespace: string): Check[] {
  const { kind, name, field } = reference;
  const looked = keys.get(referenceKey(reference));
  const title = `${kind} ${namespace}/${name}`;
  const named = evidence('SeldonDeployment', field, name);
  if (looked === undefined || looked.kind === 'unseen') return [];
  const verb = `kubectl -n ${namespace} create ${kind.toLowerCase()} …`;
  if (looked.kind !== 'seen') {
    const told = `there is no ${title}, which ${field} names`;
    const todo = `create it (${verb}); the rest follows by itself`;
    return [fault('references', told, todo, { evidence: [named] })];
  }
  const absent = reference.keys.filter((key) => !looked.value.includes(key));
  if (absent.length === 0) return [];
  const told = `${title} has no key ${some(absent.map((key) => `"${key}"`))}, which ${field} names`;
  const shown = { evidence: [named, evidence(title, 'its keys', some(looked.value) || 'none')] };
  return [fault('references', told, 'add it; the rest follows by itself', shown)];
}
