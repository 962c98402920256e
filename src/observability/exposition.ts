/**
 * A registry's metrics in the format that the reader asks for. The library's registry has one
 * format, and changes the names of its counters for good when it writes OpenMetrics; so each reading
 * is written by a registry of its own, over the same metrics.
 */

import { Registry } from 'prom-client';

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** What the library's registry does with its metrics. */
interface Metric {
  readonly name: string;
  readonly type?: string;
  readonly get: () => Promise<{ readonly name: string }>;
  readonly getForPromString?: () => Promise<{ readonly name: string }>;
}

/** @param accept the reader's `Accept`; OpenMetrics is for those who name it */
export async function exposed(registry: Registry, accept = ''): Promise<Exposition> {
  const isOpen = takesOpenMetrics(accept);
  const contentType = isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const reading = new Registry();
  setContentType(reading, contentType);
  reading.setDefaultLabels(defaultLabelsOf(registry));
  for (const metric of registry.getMetricsAsArray() as unknown as Metric[]) {
    reading.registerMetric((isOpen ? withoutTotal(metric) : metric) as never);
  }
  return { contentType, text: await reading.metrics() };
}

/** A registry's type is one of two, which the declarations make part of what it is. */
export const setContentType = (registry: Registry, contentType: string): void =>
  registry.setContentType(contentType as typeof Registry.PROMETHEUS_CONTENT_TYPE);

/** In OpenMetrics a counter's family has no `_total`; its samples have. */
function withoutTotal(metric: Metric): Metric {
  // The type stands on the instance, which the declarations do not say.
  if (metric.type !== 'counter') return metric;
  const name = metric.name.replace(/_total$/, '');
  return { name, type: 'counter', get: async () => ({ ...(await metric.get()), name }) };
}

const defaultLabelsOf = (registry: Registry): object =>
  (registry as unknown as { readonly _defaultLabels: object })._defaultLabels;

/** Whether OpenMetrics is named, and not with a lower weight than plain text. */
export function takesOpenMetrics(accept: string): boolean {
  const weights = { open: 0, text: 0 };
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const [, weight = '1'] =
      /^q=(.*)$/.exec(parameters.find((p) => p.startsWith('q=')) ?? '') ?? [];
    const version = parameters.find((p) => p.startsWith('version='));
    if (type === 'application/openmetrics-text' && !/^version=0\.0\.1$/.test(version ?? '')) {
      weights.open = Math.max(weights.open, Number(weight) || 0);
    }
    if (type === 'text/plain') weights.text = Math.max(weights.text, Number(weight) || 0);
  }
  return weights.open > 0 && weights.open >= weights.text;
}
