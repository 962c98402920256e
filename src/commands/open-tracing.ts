/** Wires tracing where OpenTelemetry's variables ask for it; off, none of its libraries is loaded. */

import type { AdapterConfig } from '../config/adapter.ts';
import { tracingOf } from '../config/tracing.ts';
import type { Log } from '../delivery/ports.ts';
import type { Tracing } from '../delivery/tracing.ts';
import { now, wallClock } from './clock.ts';

export interface OpenTracing extends Tracing {
  /** Sends what is left, for at most so long. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** @returns undefined where nothing is traced */
export async function openTracing(
  config: AdapterConfig,
  log: Log,
): Promise<OpenTracing | undefined> {
  const { sdep, namespace, predictor } = config;
  const { config: options, warnings } = tracingOf(config, {
    'service.name': sdep,
    'service.namespace': namespace,
    'seldon.deployment.name': sdep,
    'seldon.predictor.name': predictor,
  });
  for (const warning of warnings) log.warn({}, warning);
  if (options === undefined) return undefined;
  const { createTracing } = await import('../observability/tracing.ts');
  const { protocol, sampler, url } = options;
  const tracing = await createTracing(options, { now, wallClock, log });
  // Without userinfo and query, which may be secrets.
  const collector = `${url.protocol}//${url.host}${url.pathname}`;
  log.info({ collector, protocol, sampler }, 'tracing');
  return tracing;
}
