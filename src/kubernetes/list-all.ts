/** A whole list in pages, as of one moment. */

import { KubernetesApiError } from './api-error.ts';
import type { KubernetesClient } from './calls.ts';
import type { ApiResource, KubeObject } from './kube-object.ts';

export interface ListAllOptions {
  readonly resource: ApiResource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly pageSize: number;
}

export interface WholeList {
  readonly items: readonly KubeObject[];
  /** Of the first page: a watch from here misses nothing. */
  readonly resourceVersion: string;
}

/**
 * @param project applied page by page, so that what is not kept never gathers
 * @param onPage called for each page
 * @throws KubernetesApiError; 410 where the list took so long that its continuation expired: start over
 */
export async function listAll(
  client: Pick<KubernetesClient, 'list'>,
  options: ListAllOptions,
  project: (object: KubeObject) => KubeObject,
  onPage: () => void,
  signal: AbortSignal,
): Promise<WholeList> {
  const { resource, namespace, labelSelector, pageSize } = options;
  const items: KubeObject[] = [];
  let resourceVersion: string | undefined;
  let next: string | undefined;
  do {
    const asked = { namespace, labelSelector, limit: pageSize, continue: next, signal };
    const page = await client.list(resource, asked);
    onPage();
    resourceVersion ??= page.resourceVersion;
    for (const item of page.items) items.push(project(item));
    if (page.continue !== undefined && page.continue === next) {
      const what = `cannot list ${resource.plural}: the same page came twice`;
      throw new KubernetesApiError(
        0,
        'AnswerUnusable',
        `${what}: check what stands between us and the API server`,
      );
    }
    next = page.continue;
  } while (next !== undefined);
  return { items, resourceVersion };
}
