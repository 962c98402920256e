/**
 * OpenTelemetry's own variables for traces, by their own names and rules
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 */

import { z } from 'zod';
import { type SettingGroup, text, type ValuesOf } from './setting.ts';

const endpoint = z
  .string()
  .transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
    // The value is not repeated: it may hold a password.
    context.addIssue('expected an http:// or https:// URL, such as http://collector:4318');
    return z.NEVER;
  })
  .meta({ title: 'URL' });

export const tracingSettings = {
  otelSdkDisabled: {
    env: 'OTEL_SDK_DISABLED',
    schema: text.meta({ title: '`true`, `false`' }),
    fallback: 'false',
    doc: '`true`: nothing is traced, whatever else is set.',
  },
  otelTracesExporter: {
    env: 'OTEL_TRACES_EXPORTER',
    schema: text.meta({ title: '`otlp`, `none`' }),
    doc: '`otlp`: requests and records are traced. Unset, they are where an endpoint is set.',
  },
  otelEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: endpoint,
    fallbackText: '`http://localhost:4318`, over gRPC `:4317`',
    doc: 'The collector that spans are sent to; over HTTP to `/v1/traces` below it.',
  },
  otelTracesEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    schema: endpoint,
    doc: 'The same, with its whole path; goes before it.',
  },
  otelProtocol: {
    env: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    schema: text.meta({ title: '`http/protobuf`, `http/json`, `grpc`' }),
    fallback: 'http/protobuf',
    doc: 'How spans are sent. `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` goes before it.',
  },
  otelTracesProtocol: {
    env: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    schema: text.meta({ title: '`http/protobuf`, `http/json`, `grpc`' }),
    doc: 'The same, for traces alone.',
  },
  otelHeaders: {
    env: 'OTEL_EXPORTER_OTLP_HEADERS',
    schema: text.meta({ title: '`name=value,…`' }),
    doc: 'Headers for the collector, with `%` escapes in values. A secret: it is never logged. Over gRPC it is taken from the environment alone.',
  },
  otelTracesHeaders: {
    env: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    schema: text.meta({ title: '`name=value,…`' }),
    doc: 'The same, for traces alone; added to them.',
  },
  otelSampler: {
    env: 'OTEL_TRACES_SAMPLER',
    schema: text.meta({
      title:
        '`always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off`, `parentbased_traceidratio`',
    }),
    fallback: 'parentbased_always_on',
    doc: 'Which requests are traced. `parentbased_…`: those whose `traceparent` says so; of those without one, as the rest of the name says.',
  },
  otelSamplerArg: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    schema: text.meta({ title: '0–1' }),
    fallbackText: '`1`',
    doc: 'For `traceidratio`: the share of traces that is kept.',
  },
  otelServiceName: {
    env: 'OTEL_SERVICE_NAME',
    schema: text,
    fallbackText: 'the SeldonDeployment',
    doc: '`service.name` of the spans.',
  },
  otelResourceAttributes: {
    env: 'OTEL_RESOURCE_ATTRIBUTES',
    schema: text.meta({ title: '`name=value,…`' }),
    doc: 'Further attributes of the process, with `%` escapes.',
  },
} as const satisfies SettingGroup;

export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof samplerNames)[number];

const protocols = ['http/protobuf', 'http/json', 'grpc'] as const;
export type OtlpProtocol = (typeof protocols)[number];

/** How and where to spans go. */
export interface TracingConfig {
  readonly protocol: OtlpProtocol;
  readonly url: URL;
  /** Secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sampler: SamplerName;
  /** Of traces that begin here, or of all without `parentbased_`; 0 to 1. */
  readonly ratio: number;
  /** Of the process: `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** What was set and is not done: OpenTelemetry's rules want such values told and ignored. */
  readonly warnings: readonly string[];
}

/** @returns undefined where nothing is traced; @param defaults of the resource's attributes */
export function tracingOf(
  values: ValuesOf<typeof tracingSettings>,
  defaults: Readonly<Record<string, string>>,
): { readonly config: TracingConfig | undefined; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  if (!isOn(values, warnings)) return { config: undefined, warnings };
  const protocol =
    known(
      protocols,
      values.otelTracesProtocol ?? values.otelProtocol,
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      warnings,
    ) ?? 'http/protobuf';
  const sampler =
    known(samplerNames, values.otelSampler, 'OTEL_TRACES_SAMPLER', warnings) ??
    'parentbased_always_on';
  const config = {
    protocol,
    url: urlOf(values, protocol),
    headers: {
      ...pairsOf('OTEL_EXPORTER_OTLP_HEADERS', values.otelHeaders, warnings),
      ...pairsOf('OTEL_EXPORTER_OTLP_TRACES_HEADERS', values.otelTracesHeaders, warnings),
    },
    sampler,
    ratio: ratioOf(values.otelSamplerArg, warnings),
    resource: {
      ...defaults,
      ...pairsOf('OTEL_RESOURCE_ATTRIBUTES', values.otelResourceAttributes, warnings),
      ...(values.otelServiceName && { 'service.name': values.otelServiceName }),
    },
    warnings,
  };
  return { config, warnings };
}

function isOn(values: ValuesOf<typeof tracingSettings>, warnings: string[]): boolean {
  if (values.otelSdkDisabled.toLowerCase() === 'true') return false;
  const { otelTracesExporter: exporters } = values;
  if (exporters === undefined) {
    return values.otelEndpoint !== undefined || values.otelTracesEndpoint !== undefined;
  }
  const names = exporters.split(',').map((name) => name.trim());
  const others = names.filter((name) => name !== 'otlp' && name !== 'none');
  if (others.length > 0) {
    warnings.push(
      `OTEL_TRACES_EXPORTER: ${others.map((name) => `"${name}"`).join(', ')} is not supported and ignored; use otlp, or none`,
    );
  }
  return names.includes('otlp');
}

function known<Word extends string>(
  words: readonly Word[],
  given: string,
  name: string,
  warnings: string[],
): Word | undefined {
  const word = words.find((one) => one === given);
  if (word === undefined) {
    warnings.push(`${name}: "${given}" is not supported and ignored; use ${words.join(', ')}`);
  }
  return word;
}

function urlOf(values: ValuesOf<typeof tracingSettings>, protocol: OtlpProtocol): URL {
  if (values.otelTracesEndpoint !== undefined) return values.otelTracesEndpoint;
  if (protocol === 'grpc') return values.otelEndpoint ?? new URL('http://localhost:4317');
  const url = new URL(values.otelEndpoint ?? 'http://localhost:4318');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url;
}

function ratioOf(given: string | undefined, warnings: string[]): number {
  const ratio = given === undefined ? 1 : Number(given);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnings.push('OTEL_TRACES_SAMPLER_ARG: expected a number from 0 to 1; 1 is used');
  return 1;
}

/** As in W3C Baggage. What is no pair is left out, and told without its text. */
function pairsOf(
  name: string,
  given: string | undefined,
  warnings: string[],
): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const part of (given ?? '').split(',')) {
    if (part.trim() === '') continue;
    const [, key = '', value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
    const decoded = decode(value);
    if (key === '' || decoded === undefined) {
      warnings.push(`${name}: a part of it is no name=value and ignored`);
    } else pairs.push([key, decoded]);
  }
  // Entries, not assignments: a name may be `__proto__`.
  return Object.fromEntries(pairs);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
