/** The sink that Knative's SinkBinding binds a sender to, and how reply events get there. */

import { z } from 'zod';
import { parseDurationMs, parseIsoDurationMs } from '../duration.ts';
import { forbiddenCharacter } from '../event/attributes.ts';
import type { Extensions } from '../event/extensions.ts';
import { isObject } from '../event/json-decode.ts';
import { integer, oneOf, type SettingGroup, text, yesOrNo } from './setting.ts';

/** The address of a sink; a query may be part of it. */
const sinkUrl = z
  .string()
  .transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isPlain = url !== undefined && url.username + url.password + url.hash === '';
    if (isPlain && /^https?:\/\//i.test(value)) return url;
    context.addIssue(
      'expected an absolute http:// or https:// URL without user, password or fragment, such as http://broker-ingress.knative-eventing.svc.cluster.local/default/default',
    );
    return z.NEVER;
  })
  .meta({ title: 'URL' });

/** What an override would make another event of. */
const contextAttributes = new Set([
  ...['id', 'source', 'type', 'specversion', 'data'],
  ...['datacontenttype', 'datacontentencoding', 'dataschema', 'schemaurl', 'subject', 'time'],
]);

/** `{"extensions":{"name":"value"}}`; Knative takes names in any case, and so do we. */
const ceOverrides = z
  .string()
  .transform((value, context): Extensions => {
    const problems: string[] = [];
    const extensions = extensionsIn(value, problems);
    for (const problem of problems) context.addIssue(problem);
    return problems.length === 0 ? extensions : z.NEVER;
  })
  .meta({ title: 'JSON' });

function extensionsIn(value: string, problems: string[]): Extensions {
  const extensions = new Map<string, string>();
  const overrides = objectIn(value);
  // Knative writes null where there are none.
  const given = overrides && (overrides['extensions'] ?? {});
  if (!isObject(given)) {
    problems.push('expected {"extensions":{"name":"value"}}');
    return extensions;
  }
  for (const [name, text] of Object.entries(given)) {
    const lower = name.toLowerCase();
    const shown = JSON.stringify(name.slice(0, 40));
    if (!/^[a-z0-9]+$/.test(lower)) {
      problems.push(`the extension ${shown}: a name is made of a–z and 0–9`);
    } else if (contextAttributes.has(lower)) {
      problems.push(`the extension ${shown}: an attribute that every event has is not overridden`);
    } else if (typeof text !== 'string') {
      problems.push(`the extension ${shown}: its value is not a string`);
    } else if (forbiddenCharacter(text) !== undefined) {
      problems.push(`the extension ${shown}: its value holds ${forbiddenCharacter(text)}`);
    } else extensions.set(lower, text);
  }
  return extensions;
}

function objectIn(value: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const pemCertificates = text
  .refine(
    (value) => /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.test(value),
    'expected certificates in PEM',
  )
  .meta({ title: 'PEM' });

/** As Knative writes durations, or as our other settings do. */
const duration = (min: number) =>
  z
    .string()
    .transform((value, context) => {
      const ms = parseIsoDurationMs(value) ?? parseDurationMs(value);
      if (ms !== undefined && ms >= min && ms < 2 ** 31) return ms;
      context.addIssue(
        `expected a duration of at least ${min} ms, such as PT0.2S, PT1M or 500ms, without years or months`,
      );
      return z.NEVER;
    })
    .meta({ title: 'ISO 8601 duration' });

/** What a SinkBinding gives any sender. */
export const sinkBindingSettings = {
  sink: {
    env: 'K_SINK',
    schema: sinkUrl,
    doc: "URL that reply events of events over HTTP are delivered to; the sender is answered 202. Set by Knative's SinkBinding. Unset: the answer is the reply event. See docs/sinks.md.",
  },
  ceOverrides: {
    env: 'K_CE_OVERRIDES',
    schema: ceOverrides,
    doc: 'Extension attributes that are set on what is sent there: `{"extensions":{"name":"value"}}`. Set by SinkBinding.',
  },
  sinkCaCerts: {
    env: 'K_CA_CERTS',
    schema: pemCertificates,
    doc: "Certificates of authorities that the sink's own may come from, beside those that Node knows. Set by SinkBinding.",
  },
  sinkCaDir: {
    env: 'SINK_CA_DIR',
    schema: text,
    fallback: '/knative-custom-certs',
    doc: 'Folder with further ones, as files of PEM; looked at for new connections. It may be missing. SinkBinding mounts it.',
  },
  sinkTokenFile: {
    env: 'SINK_TOKEN_FILE',
    schema: text,
    fallback: '/oidc/token',
    doc: 'File with the token that the sink is shown (`Authorization: Bearer`); read again every 10 s. It may be missing. SinkBinding mounts it where OIDC is on.',
  },
} as const satisfies SettingGroup;

export const sinkSettings = {
  ...sinkBindingSettings,
  sinkAsync: {
    env: 'SINK_ASYNC',
    isSwitch: true,
    schema: yesOrNo,
    fallback: 'false',
    doc: 'Whether the sender is answered 202 as soon as there is a prediction, before the sink has it. What the sink does not take, and what waits when the process dies, is lost.',
  },
  sinkRetry: {
    env: 'SINK_RETRY',
    schema: integer(0, 100),
    fallback: '10',
    doc: "How often delivery is tried again after a lost connection or a 404, 408, 409, 429 or 5xx, within the request's deadline: `retry` of Knative's `delivery`.",
  },
  sinkBackoffPolicy: {
    env: 'SINK_BACKOFF_POLICY',
    schema: oneOf(['exponential', 'linear']),
    fallback: 'exponential',
    doc: 'How the wait grows before the n-th retry: `linear` is delay·n, `exponential` delay·2ⁿ, at most ten minutes. A longer Retry-After of a 429 or 503 counts instead.',
  },
  sinkBackoffDelayMs: {
    env: 'SINK_BACKOFF_DELAY',
    schema: duration(1),
    fallback: 'PT0.2S',
    doc: "That delay: `backoffDelay` of Knative's `delivery`.",
  },
  sinkTimeoutMs: {
    env: 'SINK_TIMEOUT',
    schema: duration(1),
    fallback: 'PT10S',
    doc: "How long one attempt may take: `timeout` of Knative's `delivery`.",
  },
  sinkConcurrency: {
    env: 'SINK_CONCURRENCY',
    schema: integer(1, 10_000),
    fallback: '64',
    doc: 'Most reply events on their way to the sink at once.',
  },
  sinkMaxWaiting: {
    env: 'SINK_MAX_WAITING',
    schema: integer(0, 1_000_000),
    fallback: '1000',
    doc: 'Most reply events that wait for that; further requests are refused with 429 before they are predicted on.',
  },
  sinkMaxBytes: {
    env: 'SINK_MAX_BYTES',
    schema: integer(1, 2 ** 31 - 1),
    fallback: String(64 * 1024 * 1024),
    doc: 'With SINK_ASYNC: most bytes of reply events that wait or are on their way.',
  },
} as const satisfies SettingGroup;

/** What of these settings does nothing, or not what it may seem to. */
export function sinkWarnings({
  sink,
  sinkAsync,
  inputTopic,
}: {
  readonly sink: URL | undefined;
  readonly sinkAsync: string;
  readonly inputTopic: string | undefined;
}): string[] {
  if (sink === undefined) {
    return sinkAsync === 'true' ? ['SINK_ASYNC does nothing without K_SINK'] : [];
  }
  return inputTopic === undefined
    ? []
    : ['K_SINK is for events over HTTP: records are answered on KAFKA_OUTPUT_TOPIC'];
}
