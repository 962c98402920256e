/**
 * Wires the adapter: predictor, dispatch, HTTP and, where it is on, Kafka; and takes it apart in
 * the order that loses nothing.
 *
 * Stop: not ready, Kafka intake stopped → delay → HTTP refuses → work under way ends or its time
 * is up → offsets committed → everything closed.
 */

import { randomUUID } from 'node:crypto';
import type { AdapterConfig } from '../config/adapter.ts';
import { createDispatch, type Dispatch } from '../delivery/dispatch.ts';
import { createLimiter } from '../delivery/limiter.ts';
import type { Log } from '../delivery/ports.ts';
import type { Event } from '../event/event.ts';
import { createReplyFactory } from '../event/reply.ts';
import { registerFeedbackRoutes } from '../http/feedback.ts';
import { registerHealthRoutes } from '../http/health.ts';
import { registerInfoRoutes } from '../http/info.ts';
import { registerPredictionRoutes } from '../http/predictions.ts';
import { createHttpServer } from '../http/server.ts';
import { protocols } from '../inference/protocols.ts';
import type { KafkaAdapter } from '../kafka/kafka-adapter.ts';
import { createMetrics } from '../observability/metrics.ts';
import { now, schedule, wallClock } from './clock.ts';
import { openPayloadLog } from './open-payload-log.ts';
import { openPredictor } from './open-predictor.ts';
import { startGrpc } from './start-grpc.ts';
import { startKafka } from './start-kafka.ts';

export interface RunningAdapter {
  /** Where it listens. */
  readonly url: string;
  /** The gRPC server's port; undefined where it is off. */
  readonly grpcPort: number | undefined;
  readonly stop: () => Promise<void>;
}

/**
 * Starts everything; resolves when HTTP listens. Kafka goes on joining by itself.
 * @param replied sees every reply event
 */
export async function startAdapter(
  config: AdapterConfig,
  log: Log,
  replied?: (reply: Event) => void,
): Promise<RunningAdapter> {
  for (const warning of config.warnings) log.warn({}, warning);
  const protocol = protocols[config.protocol];
  const identity = { sdep: config.sdep, namespace: config.namespace, predictor: config.predictor };
  const metrics = createMetrics(identity, config.facts.version);
  let kafka: KafkaAdapter | undefined;
  const changed = (): void => kafka?.predictorChanged();
  const payloadLog = openPayloadLog(config, { metrics, log });
  const predictor = await openPredictor(config, { metrics, log, copy: payloadLog.copy, changed });
  const { call, feedback, readiness, predictorUrl, targetOf, feedbackTargetOf, askInfo } =
    predictor;
  const replies = createReplyFactory({
    identity,
    source: config.responseSource,
    propagate: config.propagateExtensions,
  });
  const dispatchOnly = createDispatch(
    {
      identity,
      targetOf,
      feedbackTargetOf,
      model: config.model,
      predictorUrl,
      eventTypes: new Set(config.eventTypes),
      responseId: config.responseId,
    },
    { call, feedback, replies, wallClock, randomId: randomUUID },
  );
  const dispatch = replied === undefined ? dispatchOnly : tapped(dispatchOnly, replied);
  const limits = { maxConcurrent: config.maxConcurrency, maxWaiting: config.maxWaiting };
  const limiter = createLimiter(limits, { now, schedule });

  kafka = startKafka(config, { dispatch, identity, readiness, metrics, log });

  let phase: 'serving' | 'stopping' | 'draining' = 'serving';
  const server = createHttpServer({
    maxBodyBytes: config.maxBodyBytes,
    receiveTimeoutMs: config.requestTimeoutMs,
    corsOrigin: config.corsOrigin,
  });
  registerPredictionRoutes(
    server,
    { protocol, targetOf, predictorUrl, requestTimeoutMs: config.requestTimeoutMs },
    {
      dispatch,
      call,
      limiter,
      replies,
      now,
      wallClock,
      draining: () => phase === 'draining',
      log,
      served: metrics.served,
      skipped: metrics.skipped,
    },
  );
  registerFeedbackRoutes(
    server,
    { protocol, feedbackTargetOf, requestTimeoutMs: config.requestTimeoutMs },
    {
      feedback,
      limiter,
      now,
      draining: () => phase === 'draining',
      log,
      served: metrics.served,
    },
  );
  registerInfoRoutes(
    server,
    { ...config, ...identity, protocol },
    { ask: askInfo, limiter, now, log, served: metrics.served },
  );
  const joined = (): boolean =>
    kafka === undefined || config.serverType === 'rpc' || kafka.hasJoined();
  const ready = (): boolean => phase === 'serving' && readiness.ready() && joined();
  registerHealthRoutes(server, config, {
    metrics,
    hopeless: () => kafka?.stuck(),
    readiness: () => ({
      ready: ready(),
      parts: {
        process: phase,
        predictor: readiness.reason(),
        ...(kafka !== undefined && { kafka: kafka.state() }),
      },
    }),
  });
  metrics.watch('seldon_eventing_http_running', 'Predictions running for HTTP', limiter.running);
  metrics.watch(
    'seldon_eventing_http_waiting',
    'HTTP requests waiting for a place',
    limiter.waiting,
  );

  readiness.start();
  const grpc = await startGrpc(config, predictorUrl, {
    call,
    feedback,
    askGraph: predictor.askGraph,
    limiter,
    now,
    wallClock,
    draining: () => phase === 'draining',
    ready,
    log,
    served: metrics.servedGrpc,
  });
  const url = await server.listen({ host: config.httpHost, port: config.httpPort });
  log.info({ url, predictor: predictorUrl, protocol: protocol.name }, 'listening');

  const stop = async (): Promise<void> => {
    phase = 'stopping';
    kafka?.halt();
    log.info({ delayMs: config.drainDelayMs }, 'stopping: no longer ready');
    await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs));
    phase = 'draining';
    await withinTime(
      config.drainTimeoutMs,
      Promise.all([
        server.close(),
        grpc?.close(config.drainTimeoutMs),
        kafka?.close(config.drainTimeoutMs),
      ]),
    );
    readiness.close();
    await Promise.all([predictor.close(), payloadLog.close()]);
    log.info({}, 'stopped');
  };
  let stopped: Promise<void> | undefined;
  return {
    url,
    grpcPort: grpc?.port,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function tapped(dispatch: Dispatch, replied: (reply: Event) => void): Dispatch {
  return async (input) => {
    const outcome = await dispatch(input);
    if (outcome.kind === 'replied') replied(outcome.reply);
    return outcome;
  };
}

/** Kafka's own closing needs a moment after its drain: commit, leave, disconnect. */
const closingMarginMs = 3_000;

async function withinTime(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = new Promise((resolve) => setTimeout(resolve, timeoutMs + closingMarginMs));
  await Promise.race([work, timeout]);
}
