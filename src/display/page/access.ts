/**
 * Who may see the page, and who may have it send. Pure.
 *
 * A1 Without names of its own the page is for this machine alone: the connection comes from
 *    loopback, as that of `kubectl port-forward` does; it asks for a loopback name, so that no
 *    other site's name that was made to point here (DNS rebinding) reaches it; and it did not pass
 *    through a proxy beside us, which would make everybody local.
 * A2 With names, whoever asks for one of them is answered; who may do that is for the ingress or
 *    the network policy in front to say.
 * A3 What another site's page asks for is refused, by what the browser says of it; only the page
 *    itself may be opened from elsewhere. To send, the browser must name our own origin.
 */

import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string | undefined;
}

/** @returns why the page is not for this caller; undefined where it is */
export function whyNotShown(asked: Asked, hosts: readonly string[]): string | undefined {
  const host = hostName(asked.headers.host);
  if (host !== undefined && hosts.includes(host)) return undefined;
  if (!isLoopbackAddress(asked.remoteAddress) || cameThroughProxy(asked.headers)) {
    return 'the page is shown on this machine only; use kubectl port-forward, or name the host that you opened in DISPLAY_HOSTS';
  }
  if (host !== undefined && isLoopbackName(host)) return undefined;
  return 'the page is shown under localhost only; open it there, or name this host in DISPLAY_HOSTS';
}

/** @returns why the page's own requests are refused to this caller; undefined where they are not */
export function whyNotOurs({ headers }: Asked): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return 'this is for the page itself, not for other sites';
}

/** The same for what changes something. */
export function whyNotSent(asked: Asked): string | undefined {
  const { origin, host, 'content-type': contentType = '' } = asked.headers;
  const url = origin !== undefined && URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || host === undefined || url.host !== host.toLowerCase()) {
    return 'only the page itself may send: the Origin header must name this host';
  }
  // No form can send this type, and no script of another site without asking first.
  if (!/^application\/json\s*(?:;|$)/i.test(contentType)) return 'send application/json';
  return whyNotOurs(asked);
}

/** Without its port, in lower case; IPv6 in brackets. */
function hostName(host: string | undefined): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:\s]+)(?::\d+)?$/i.exec(host ?? '') ?? [];
  return name?.toLowerCase();
}

const isLoopbackName = (name: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(name);

const isLoopbackAddress = (address = ''): boolean =>
  /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address) || address === '::1';

const cameThroughProxy = (headers: IncomingHttpHeaders): boolean =>
  Object.keys(headers).some(
    (name) => name === 'forwarded' || name === 'via' || /^x-(?:forwarded|envoy|real)-/.test(name),
  );
