/**
 * What the CRD lets us write into a status, learnt from the API server's own answers.
 *
 * A server-side apply with a field that the CRD does not declare fails whole, and conditions that
 * are no keyed list cannot be shared with another writer. Seldon's own CRD has neither our fields
 * nor, in some versions, keyed conditions; reading CRDs would need a right that we do not ask for.
 */

import { KubernetesApiError } from '../kubernetes/api-error.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import { fieldManager } from './applied.ts';
import { fieldsOf, managedFieldsOf, recordOf } from './live-object.ts';

export interface StatusSchema {
  /** The status without what cannot be written. */
  readonly narrow: <Status extends object>(status: Status) => Partial<Status>;
  /** Learns from a refusal. @returns whether there was something to learn: trying again may help */
  readonly learnFrom: (error: unknown) => boolean;
  /** Learns from what a write (or a dry run) gave back. */
  readonly learnFromResult: (result: KubeObject) => void;
  /** Whether conditions can stand beside others'; undefined where that is not known yet. */
  readonly conditionsKeyed: () => boolean | undefined;
  /** The fields known to be undeclared. */
  readonly undeclared: () => readonly string[];
}

/** A CRD may be replaced by one that declares more. */
const relearnAfterMs = 600_000;

export function createStatusSchema(now: () => number): StatusSchema {
  const undeclared = new Map<string, number>();
  let keyed: { readonly value: boolean; readonly at: number } | undefined;
  const isFresh = (at: number): boolean => now() - at < relearnAfterMs;
  const known = (): string[] =>
    [...undeclared].filter(([, at]) => isFresh(at)).map(([field]) => field);

  return {
    narrow: (status) => {
      const without = known();
      const left = Object.entries(status).filter(([field]) => !without.includes(field));
      return Object.fromEntries(left) as Partial<typeof status>;
    },
    learnFrom: (error) => {
      const fields = error instanceof KubernetesApiError ? undeclaredIn(error.message) : [];
      for (const field of fields) undeclared.set(field, now());
      return fields.length > 0;
    },
    learnFromResult: (result) => {
      const ours = managedFieldsOf(result).find(
        ({ manager, subresource }) => manager === fieldManager && subresource === 'status',
      );
      const conditions = recordOf(fieldsOf(ours ?? {})['f:status'])['f:conditions'];
      if (conditions === undefined) return;
      const value = Object.keys(recordOf(conditions)).some((name) => name.startsWith('k:'));
      keyed = { value, at: now() };
    },
    conditionsKeyed: () => (keyed !== undefined && isFresh(keyed.at) ? keyed.value : undefined),
    undeclared: known,
  };
}

/** `.status.addressable: field not declared in schema` → `addressable` */
function undeclaredIn(message: string): string[] {
  const found = message.matchAll(/\.status\.(\w+)[^\s:]*: field not declared in schema/g);
  return [...found].flatMap(([, field]) => field ?? []);
}
