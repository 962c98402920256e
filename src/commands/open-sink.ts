/** Opens the sink that K_SINK names: client, retries, and whoever waits for it. */

import type { AdapterConfig } from '../config/adapter.ts';
import type { Dispatch } from '../delivery/dispatch.ts';
import { createLimiter } from '../delivery/limiter.ts';
import type { Log, Schedule } from '../delivery/ports.ts';
import {
  createAwaitedSink,
  type Deliver,
  deliveringReplies,
  type ReplySink,
} from '../delivery/reply-sink.ts';
import { createSinkDelivery, type SendToSink } from '../delivery/sink-delivery.ts';
import { createSinkQueue } from '../delivery/sink-queue.ts';
import { withExtensions } from '../event/extensions.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import type { SinkMetrics } from '../observability/sink-metrics.ts';
import { createHttpSender } from '../sink/http-sender.ts';
import { now } from './clock.ts';
import { createAuthorities, createTokenFile } from './sink-trust.ts';

export interface OpenSink {
  readonly delivering: (predict: Dispatch) => Dispatch;
  /** How many members of a batch may be on their way at once. */
  readonly places: number;
  /** Delivers what waits for so long, then lets go of everything. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** @returns undefined where replies go to whoever asked */
export function openSink(
  config: AdapterConfig,
  { metrics, log }: { readonly metrics: AdapterMetrics; readonly log: Log },
): OpenSink | undefined {
  const { sink: url } = config;
  if (url === undefined) return undefined;
  // Its query may hold what is nobody's business.
  const sink = url.origin + url.pathname;
  const measured = metrics.sink();
  const sender = createHttpSender(
    {
      url,
      connections: config.sinkConcurrency,
      connectTimeoutMs: Math.min(config.connectTimeoutMs, config.sinkTimeoutMs),
    },
    {
      authorities: createAuthorities(config.sinkCaCerts, config.sinkCaDir),
      token: createTokenFile(config.sinkTokenFile, now),
    },
  );
  const delivery = createSinkDelivery(
    {
      sink,
      retry: config.sinkRetry,
      backoffPolicy: config.sinkBackoffPolicy,
      backoffDelayMs: config.sinkBackoffDelayMs,
      timeoutMs: config.sinkTimeoutMs,
    },
    { send: counted(sender.send, measured), now, schedule },
  );
  const extensions = config.ceOverrides ?? new Map<string, string>();
  const deliver = timed(
    (message, deadline) =>
      delivery.deliver({ ...message, event: withExtensions(message.event, extensions) }, deadline),
    measured,
  );
  const replies = createReplySink(config, deliver, measured, log);
  metrics.watch(
    'seldon_eventing_sink_running',
    'Reply events on their way to the sink',
    replies.running,
  );
  metrics.watch(
    'seldon_eventing_sink_waiting',
    'Reply events that wait to be sent to the sink',
    replies.waiting,
  );
  log.info({ sink, async: config.sinkAsync === 'true' }, 'reply events go to the sink');
  return {
    delivering: (predict) => deliveringReplies(predict, replies),
    places: replies.places,
    close: async (timeoutMs) => {
      await replies.close(Math.max(0, timeoutMs));
      delivery.close();
      await sender.close();
    },
  };
}

function createReplySink(
  config: AdapterConfig,
  deliver: Deliver,
  { dropped }: SinkMetrics,
  log: Log,
): ReplySink {
  const { sinkConcurrency: concurrency, sinkMaxWaiting: maxWaiting } = config;
  if (config.sinkAsync === 'true') {
    const { sinkMaxBytes: maxBytes } = config;
    return createSinkQueue(
      { concurrency, maxWaiting, maxBytes },
      { deliver, schedule, dropped, log },
    );
  }
  const limiter = createLimiter({ maxConcurrent: concurrency, maxWaiting }, { now, schedule });
  return createAwaitedSink(deliver, limiter, maxWaiting);
}

/** While a reply waits, the process lives. */
const schedule: Schedule = (delayMs, action) => {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
};

const counted =
  (send: SendToSink, { attempted }: SinkMetrics): SendToSink =>
  async (message, timeoutMs) => {
    const answer = await send(message, timeoutMs);
    const silent = answer.kind === 'silent' ? 'timeout' : answer.kind;
    attempted(answer.kind === 'answered' ? String(answer.status) : silent);
    return answer;
  };

const timed =
  (deliver: Deliver, { ended }: SinkMetrics): Deliver =>
  async (message, deadline) => {
    const started = now();
    let result: 'delivered' | 'failed' = 'failed';
    try {
      await deliver(message, deadline);
      result = 'delivered';
    } finally {
      ended(result, (now() - started) / 1_000);
    }
  };
