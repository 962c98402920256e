/** What an ingress makes of a URL, as far as the HTTPRoutes that we ship go. */

import type { KubeObject } from '../../support/kube-client.ts';

export interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly hostnames?: readonly string[];
    readonly rules?: readonly Rule[];
  };
}

interface Rule {
  readonly matches?: readonly { readonly path?: { readonly value?: string } }[];
  readonly filters?: readonly {
    readonly type: string;
    readonly urlRewrite?: { readonly path?: { readonly replacePrefixMatch?: string } };
  }[];
  readonly backendRefs?: readonly { readonly name: string; readonly port?: number }[];
}

/** @returns the URL of the Service that a route leads to */
export function findRoute(routes: readonly HttpRoute[], url: URL): URL | undefined {
  for (const { metadata, spec } of routes) {
    const { hostnames, rules = [] } = spec;
    if (hostnames !== undefined && !hostnames.includes(url.hostname)) continue;
    for (const rule of rules) {
      const prefix = rule.matches?.[0]?.path?.value ?? '/';
      const [backend] = rule.backendRefs ?? [];
      if (backend === undefined || !startsWithPath(url.pathname, prefix)) continue;
      const rewrite = rule.filters?.find(({ type }) => type === 'URLRewrite')?.urlRewrite;
      const replaced = rewrite?.path?.replacePrefixMatch;
      const rest = url.pathname.slice(prefix.replace(/\/$/, '').length);
      const path = replaced === undefined ? url.pathname : `${replaced.replace(/\/$/, '')}${rest}`;
      const host = `${backend.name}.${metadata.namespace}.svc`;
      return new URL(`http://${host}:${backend.port ?? 80}${path || '/'}${url.search}`);
    }
  }
  return undefined;
}

const startsWithPath = (path: string, prefix: string): boolean => {
  const bare = prefix.replace(/\/$/, '');
  return path === bare || path.startsWith(`${bare}/`);
};
