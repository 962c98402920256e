/** The HTTP server and its limits. */

import { integer, list, milliseconds, type SettingGroup, text } from './setting.ts';

export const httpSettings = {
  httpHost: {
    env: 'HTTP_HOST',
    schema: text,
    fallback: '0.0.0.0',
    doc: 'Address to listen on.',
  },
  httpPort: {
    env: 'HTTP_PORT',
    flags: ['http_port'],
    schema: integer(0, 65_535),
    fallback: '8080',
    doc: 'Port to listen on; 0 takes a free one.',
  },
  grpcPort: {
    env: 'GRPC_PORT',
    flags: ['grpc_port'],
    schema: integer(0, 65_535),
    doc: "Port of the gRPC server, which offers the protocol's own services, health and reflection beside HTTP, under the same limits; 0 takes a free one. Unset: none. Its calls need a predictor over gRPC.",
  },
  metricsPath: {
    env: 'METRICS_PATH',
    flags: ['prometheus_path'],
    schema: text
      .regex(/^\/[\w./-]+$/, 'expected a path such as /metrics')
      .regex(
        /^(?!\/(?:livez?|readyz?|api\/.*|v[12](?:\/.*)?)$)/,
        'is a path that something else is served at',
      ),
    fallback: '/metrics',
    doc: 'Path of the Prometheus metrics; `/metrics` and `/prometheus` have them too.',
  },
  corsOrigin: {
    env: 'CORS_ORIGIN',
    schema: text.regex(
      /^(?:\*|none|https?:\/\/[^\s/?#,]+)$/,
      'expected *, none, or an origin such as https://example.com',
    ),
    fallback: '*',
    doc: "Which pages of other origins a browser lets read our answers, as Seldon's executor lets all; `none`: no page.",
  },
  webhookAllowedOrigins: {
    env: 'WEBHOOK_ALLOWED_ORIGINS',
    schema: list.pipe(
      text
        .regex(
          /^(?:\*|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)$/,
          'expected *, none, or DNS names',
        )
        .array(),
    ),
    fallback: '*',
    doc: "Senders of webhooks, by the DNS names that they ask with (`WebHook-Request-Origin`), that are told that their events are wanted here; `none`: nobody. It keeps events away from whoever does not expect them and is no protection of ours: anybody may send what is not kept out otherwise. A sender's callback URL is never called.",
  },
  webhookAllowedRate: {
    env: 'WEBHOOK_ALLOWED_RATE',
    schema: text.regex(
      /^(?:\*|[1-9]\d{0,8})$/,
      'expected * or a whole number of requests a minute',
    ),
    fallback: '*',
    doc: 'Requests per minute that such a sender is told it may send; `*`: as many as it likes. The limits below hold in any case.',
  },
  maxBodyBytes: {
    env: 'MAX_BODY_BYTES',
    schema: integer(1, 2 ** 31 - 1),
    fallback: String(10 * 1024 * 1024),
    doc: 'Larger request bodies are refused with 413.',
  },
  maxBatchEvents: {
    env: 'MAX_BATCH_EVENTS',
    schema: integer(1, 1_000_000),
    fallback: '1000',
    doc: 'Batches of more events are refused with 413. Their replies together are no larger than MAX_ANSWER_BYTES.',
  },
  maxConnections: {
    env: 'MAX_CONNECTIONS',
    schema: integer(0, 1_000_000),
    fallback: '0',
    doc: "Most connections at once to the HTTP server, and as many to the gRPC server; further ones are closed at once and counted. 0: no limit. Probes of kubelets and Prometheus' scrapes need connections too.",
  },
  maxConcurrency: {
    env: 'MAX_CONCURRENCY',
    schema: integer(1, 100_000),
    fallback: '64',
    doc: 'Most predictions that run at once for HTTP.',
  },
  maxWaiting: {
    env: 'MAX_WAITING',
    schema: integer(0, 1_000_000),
    fallback: '256',
    doc: 'Most requests that wait for a place; further ones are refused with 429.',
  },
  requestTimeoutMs: {
    env: 'REQUEST_TIMEOUT_MS',
    schema: milliseconds(1),
    fallbackText: '30000, or the annotation `seldon.io/rest-timeout` where that is longer',
    doc: 'How long a request may take in all, waiting and repeats included; then it is answered 504.',
  },
} as const satisfies SettingGroup;

export const drainSettings = {
  drainDelayMs: {
    env: 'DRAIN_DELAY_MS',
    flags: ['shutdown_delay'],
    schema: milliseconds(0),
    fallback: '3000',
    doc: 'After SIGTERM, how long HTTP requests are still taken while endpoints forget us.',
  },
  drainTimeoutMs: {
    env: 'DRAIN_TIMEOUT_MS',
    flags: ['graceful_timeout'],
    schema: milliseconds(0),
    fallback: '12000',
    doc: 'After that, how long work under way may take to finish.',
  },
} as const satisfies SettingGroup;

/** For the server. */
export const webhookOf = (values: {
  readonly webhookAllowedOrigins: readonly string[];
  readonly webhookAllowedRate: string;
}) => ({
  allowedOrigins: new Set(
    values.webhookAllowedOrigins.filter((name) => name !== 'none').map((n) => n.toLowerCase()),
  ),
  allowedRate: values.webhookAllowedRate,
});
