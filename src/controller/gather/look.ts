/** Asks the API server, and takes a refusal for an answer: what may not be read is told, not fine. */

import { isOutage, KubernetesApiError } from '../../kubernetes/api-error.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { listAll } from '../../kubernetes/list-all.ts';
import { type Looked, type Objects, seen } from '../doctor/snapshot.ts';
import type { Kind } from '../kinds.ts';
import type { PlainObject } from '../render/canonical.ts';

export type LookClient = Pick<KubernetesClient, 'discover' | 'get' | 'list'>;

export interface Look {
  readonly get: (
    kind: Kind,
    namespace: string | undefined,
    name: string,
  ) => Promise<Looked<PlainObject>>;
  /** @param namespace absent: all */
  readonly list: (
    kind: Kind,
    options: { readonly namespace?: string; readonly labelSelector?: string },
  ) => Promise<Looked<Objects>>;
}

const pageSize = 250;

export function createLook(client: LookClient, signal: AbortSignal): Look {
  return {
    get: (kind, namespace, name) =>
      answerOf('get', kind, namespace, async () => {
        if ((await client.discover(kind.apiVersion, kind.kind)) === undefined) {
          return { kind: 'unserved' };
        }
        const object = await client.get({ ...kind, namespace, name }, { signal });
        return object === undefined ? { kind: 'absent' } : seen<PlainObject>({ ...object });
      }),
    list: (kind, { namespace, labelSelector }) =>
      answerOf('list', kind, namespace, async () => {
        const resource = await client.discover(kind.apiVersion, kind.kind);
        if (resource === undefined) return { kind: 'unserved' };
        const asked = { resource, namespace, labelSelector, pageSize };
        const { items } = await listAll(client, asked, (object) => object, ignore, signal);
        return seen<Objects>(items.map((item) => ({ ...item })));
      }),
  };
}

const ignore = (): void => undefined;

/** An API server that is gone is no answer: that is thrown. */
async function answerOf<T>(
  verb: 'get' | 'list',
  { apiVersion, kind }: Kind,
  namespace: string | undefined,
  ask: () => Promise<Looked<T>>,
): Promise<Looked<T>> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof KubernetesApiError) || isGone(error)) throw error;
    if (error.status !== 403) return { kind: 'unseen', reason: error.message };
    const [group] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
    const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
    const resource = `${kind.toLowerCase()}s${group ? `.${group}` : ''}`;
    return { kind: 'unseen', reason: `needs ${verb} on ${resource} ${where}` };
  }
}

const isGone = (error: KubernetesApiError): boolean =>
  error.status === 401 || (error.status === 0 && isOutage(error));
