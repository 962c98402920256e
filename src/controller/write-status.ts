/**
 * Writes a status by server-side apply, where it is not yet what it should be.
 *
 * S1 No write when nothing would change.
 * S2 Another writer that undoes it is repaired against, later each time (contest.ts).
 * S3 What the CRD does not declare is left out (status-schema.ts).
 */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import { fieldManager } from './applied.ts';
import { conditionTypes } from './conditions.ts';
import type { Contest } from './contest.ts';
import { otherStatusWriter } from './project.ts';
import { type OurPart, statusText, wantedText, wholeStatus } from './status-difference.ts';
import type { StatusSchema } from './status-schema.ts';
import type { Writer } from './writer.ts';

export interface WriteStatusDeps {
  readonly writer: Pick<Writer, 'apply'>;
  readonly contest: Contest;
  readonly schema: StatusSchema;
  readonly wrote: (object: KubeObject) => void;
  /**
   * Whether the whole status is ours: a field that `desired` lacks is then one too many. Else only
   * what `desired` has is looked at, and conditions are shared with others.
   */
  readonly whole: boolean;
}

export type StatusWrite =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'written'; readonly object: KubeObject }
  /** Another writer undid it just now: to be looked at again after a while. */
  | { readonly kind: 'held'; readonly forMs: number };

/** @throws KubernetesApiError */
export type WriteStatus = (live: KubeObject, desired: object) => Promise<StatusWrite>;

/** Each attempt but the last learns of one undeclared field at least; there are not more. */
const maxAttempts = wholeStatus.length + 2;

export function createWriteStatus(deps: WriteStatusDeps): WriteStatus {
  const { writer, contest, schema, whole } = deps;

  const apply = async (live: KubeObject, status: object, dryRun: boolean): Promise<KubeObject> => {
    const { name, namespace = '', uid } = live.metadata;
    // The uid: a SeldonDeployment of the same name that came after it is another one.
    const metadata = { name, namespace, ...(uid !== undefined && { uid }) };
    const manifest = { apiVersion: live.apiVersion, kind: live.kind, metadata, status };
    const options = { fieldManager, force: true, subresource: 'status', dryRun } as const;
    const result = await writer.apply(manifest, options);
    schema.learnFromResult(result);
    return result;
  };

  const withoutSharedList = (status: object): object => {
    if (whole || schema.conditionsKeyed() === true) return status;
    const { conditions: _, ...rest } = status as { readonly conditions?: unknown };
    return rest;
  };

  const partToCompare = (status: object): OurPart =>
    whole
      ? { fields: wholeStatus, types: conditionTypes.managed }
      : {
          fields: Object.keys(status).filter((name) => name !== 'conditions'),
          types: conditionTypes.attached,
        };

  /** One attempt. @throws KubernetesApiError, from which the schema may have learnt */
  const attempt = async (live: KubeObject, desired: object): Promise<StatusWrite> => {
    const declared = schema.narrow(desired);
    if (!whole && 'conditions' in declared && schema.conditionsKeyed() === undefined) {
      await apply(live, declared, true);
    }
    const status = withoutSharedList(declared);
    const part = partToCompare(status);
    const textOf = (object: KubeObject) =>
      statusText(withoutSharedList(Object(object['status'])), part);
    const is = textOf(live);
    if (is === statusText(status, part)) return { kind: 'unchanged' };
    const uid = live.metadata.uid ?? '';
    const wanted = wantedText(status);
    const forMs = contest.waitMs(uid, wanted, is, () => otherStatusWriter(live));
    if (forMs > 0) return { kind: 'held', forMs };
    const object = await apply(live, status, false);
    contest.wrote(uid, wanted, textOf(object));
    deps.wrote(object);
    return { kind: 'written', object };
  };

  return async (live, desired) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(live, desired);
      } catch (error) {
        if (!schema.learnFrom(error) || tries >= maxAttempts) throw error;
      }
    }
  };
}
