/** Bounds the connections of the adapter's servers: beyond MAX_CONNECTIONS they are closed at once. */

import type { Server } from 'node:net';
import type { AdapterConfig } from '../config/adapter.ts';
import type { Log } from '../delivery/ports.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { now } from './clock.ts';

/** Has one server, plain or encrypted, take no more; to be called before it listens. */
export type LimitConnections = (server: Server, name: 'http' | 'grpc') => void;

/** There is a line at the first that is refused, and then at most once in so long. */
const tellAgainMs = 60_000;

/** @returns undefined where there is no limit */
export function openConnectionLimit(
  { maxConnections }: Pick<AdapterConfig, 'maxConnections'>,
  { metrics, log }: { readonly metrics: AdapterMetrics; readonly log: Log },
): LimitConnections | undefined {
  if (maxConnections === 0) return undefined;
  return (server, name) => {
    server.maxConnections = maxConnections;
    let refused = 0;
    let tellAtMs = Number.NEGATIVE_INFINITY;
    // Node closes it before it has read anything, or begun with TLS.
    server.on('drop', () => {
      metrics.connectionRefused(name);
      refused += 1;
      if (now() < tellAtMs) return;
      tellAtMs = now() + tellAgainMs;
      log.warn(
        { server: name, maxConnections, refused },
        'connections are refused: there are MAX_CONNECTIONS; raise it, or look who holds them',
      );
    });
  };
}
