/** What a call is about: its path, and its words for people. */

import { KubernetesApiError } from './api-error.ts';
import type { ApiResource } from './kube-object.ts';

/** As RBAC names them. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'discover';

export interface CallTarget {
  readonly verb: Verb;
  readonly apiVersion: string;
  /** `seldondeployments`; empty for discovery. */
  readonly plural: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The API group; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `seldondeployments/status team-a/iris`, for messages. */
export function inWords({ plural, subresource, namespace, name, apiVersion }: CallTarget): string {
  if (plural === '') return `the resources of ${apiVersion}`;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  if (name === undefined) return namespace === undefined ? resource : `${resource} in ${namespace}`;
  return `${resource} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** The server may quote what it was given, so what it says about Secrets is not repeated. */
export const isSecret = ({ apiVersion, plural }: CallTarget): boolean =>
  apiVersion === 'v1' && plural === 'secrets';

/**
 * The path, without a query.
 * @throws KubernetesApiError NameInvalid: a name that would lead elsewhere
 */
export function pathOf(target: CallTarget): string {
  const { apiVersion, plural, subresource, namespace, name } = target;
  const segments = [
    ...(groupOf(apiVersion) === '' ? ['api'] : ['apis']),
    ...apiVersion.split('/'),
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    ...(plural === '' ? [] : [plural]),
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  for (const segment of segments) {
    // The API server decodes the path before it takes it apart, so escaping is no protection.
    if (segment === '' || segment === '.' || segment === '..' || /[/%\\]/.test(segment)) {
      throw new KubernetesApiError(
        0,
        'NameInvalid',
        `cannot ${target.verb} ${inWords(target)}: ${JSON.stringify(segment)} is no Kubernetes name: correct it`,
      );
    }
  }
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** The target of a call on one kind. @throws KubernetesApiError NameInvalid: no namespace, or one too many */
export function targetOf(
  verb: Verb,
  resource: ApiResource,
  object: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): CallTarget {
  const { apiVersion, plural, namespaced } = resource;
  const namespace = namespaced ? object.namespace || undefined : undefined;
  const target = { verb, apiVersion, plural, namespace, name: object.name, subresource };
  if (namespaced && namespace === undefined && object.name !== undefined) {
    throw new KubernetesApiError(
      0,
      'NameInvalid',
      `cannot ${verb} ${inWords(target)}: it needs a namespace: set metadata.namespace`,
    );
  }
  return target;
}
