/**
 * Every write of the controller, and nothing else of the API server.
 *
 * W1 Nothing is written by who does not lead: asked before each write.
 * W2 Every write is counted, so that "nothing changed, nothing written" can be seen.
 */

import { KubernetesApiError } from '../kubernetes/api-error.ts';
import type { ApplyOptions, KubernetesClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';

export type Writer = Pick<KubernetesClient, 'apply' | 'patchMerge' | 'remove'>;

export interface WriterDeps {
  readonly client: Writer;
  readonly mayWrite: () => boolean;
  readonly wrote: (kind: string, verb: string) => void;
}

/** Rejects with `Aborted` where the leadership is gone. */
export function createWriter({ client, mayWrite, wrote }: WriterDeps): Writer {
  const guarded = async <T>(kind: string, verb: string, write: () => Promise<T>): Promise<T> => {
    if (!mayWrite()) {
      throw new KubernetesApiError(0, 'Aborted', `${verb} ${kind}: this replica no longer leads`);
    }
    const result = await write();
    wrote(kind, verb);
    return result;
  };
  return {
    apply: (manifest: KubeObject, options: ApplyOptions) =>
      guarded(manifest.kind, verbOf('apply', options), () => client.apply(manifest, options)),
    patchMerge: (ref, patch, options) =>
      guarded(ref.kind, 'patch', () => client.patchMerge(ref, patch, options)),
    remove: (ref, options) => guarded(ref.kind, 'delete', () => client.remove(ref, options)),
  };
}

function verbOf(verb: string, { subresource, dryRun }: ApplyOptions): string {
  if (dryRun === true) return 'dry-run';
  return subresource === undefined ? verb : `${verb}-${subresource}`;
}
