/**
 * Wires the adapter: predictor, dispatch, HTTP and, where it is on, Kafka; and takes it apart in
 * the order that loses nothing.
 *
 * Stop: not ready, Kafka intake stopped → delay → HTTP refuses → work under way ends or its time
 * is up → offsets committed → everything closed.
 */

import type { Server } from 'node:net';
import type { AdapterConfig } from '../config/adapter.ts';
import { webhookOf } from '../config/http.ts';
import type { Breaker } from '../delivery/breaker.ts';
import { heedExpiry } from '../delivery/expiry.ts';
import type { Log } from '../delivery/ports.ts';
import type { Event } from '../event/event.ts';
import { registerFeedbackRoutes } from '../http/feedback.ts';
import { registerHealthRoutes } from '../http/health.ts';
import { registerInfoRoutes } from '../http/info.ts';
import { registerPredictionRoutes } from '../http/predictions.ts';
import { createHttpServer } from '../http/server.ts';
import { traceRequests } from '../http/trace-requests.ts';
import { protocols } from '../inference/protocols.ts';
import type { KafkaAdapter } from '../kafka/kafka-adapter.ts';
import { createMetrics } from '../observability/metrics.ts';
import { answerEvents } from './answer-events.ts';
import { now, wallClock } from './clock.ts';
import { openConnectionLimit } from './limit-connections.ts';
import { openModelBreaker } from './open-breaker.ts';
import { countHedges } from './open-calls.ts';
import { openDispatch } from './open-dispatch.ts';
import { openLimiter } from './open-limiter.ts';
import { openPayloadLog } from './open-payload-log.ts';
import { openPredictor } from './open-predictor.ts';
import { openServerSecurity } from './open-server-security.ts';
import { openSink } from './open-sink.ts';
import { openTracing } from './open-tracing.ts';
import { startGrpc } from './start-grpc.ts';
import { startKafka } from './start-kafka.ts';
import { traceParts } from './trace-adapter.ts';

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
  const security = await openServerSecurity(config, log);
  const tracing = await openTracing(config, log);
  const metrics = createMetrics(identity, config.facts.version, tracing !== undefined);
  const traced = await traceParts(tracing, metrics);
  let kafka: KafkaAdapter | undefined;
  let breaker: Breaker | undefined;
  const changed = (isReady: boolean): void => {
    if (isReady) breaker?.ready();
    kafka?.predictorChanged();
  };
  const payloadLog = openPayloadLog(config, { metrics, log });
  const predictor = await openPredictor(config, {
    ...{ metrics, log, changed, tracing },
    copy: payloadLog.copy,
    hedged: countHedges(config, metrics),
  });
  const { readiness, predictorUrl, targetOf, feedbackTargetOf, askInfo } = predictor;
  const { limiter, call: limited, inTurn } = openLimiter(config, predictor.call, metrics);
  breaker = openModelBreaker(config, limited, { metrics, log });
  const guarded = breaker?.call ?? limited;
  const [call, feedback] = [traced.edge(guarded), traced.edge(predictor.feedback)];
  const { dispatch, dispatchRecord, replies } = openDispatch(config, {
    ...{ identity, predictor, replied, guarded },
    call: limited,
    traced: traced.dispatch,
  });
  const sink = openSink(config, { metrics, log });

  kafka = startKafka(config, {
    ...{ identity, inTurn, readiness, metrics, log, tracing },
    dispatch: heedExpiry(dispatchRecord, { now, wallClock }),
  });

  let phase: 'serving' | 'stopping' | 'draining' = 'serving';
  const server = createHttpServer({
    maxBodyBytes: config.maxBodyBytes,
    receiveTimeoutMs: config.requestTimeoutMs,
    corsOrigin: config.corsOrigin,
    keyPair: security.certificate?.pair,
    webhook: webhookOf(config),
    protocol,
  });
  const bound = openConnectionLimit(config, { metrics, log });
  bound?.(server.server, 'http');
  security.secure(server);
  if (tracing !== undefined) traceRequests(server, tracing);
  const answerEvent = answerEvents(config, {
    ...{ dispatch, limiter, replies, identity, sink, metrics, log },
  });
  registerPredictionRoutes(
    server,
    { ...config, protocol, targetOf, predictorUrl },
    {
      answerEvent,
      call,
      limiter,
      replies,
      sinkPlaces: sink?.places,
      now,
      wallClock,
      draining: () => phase === 'draining',
      log,
      served: traced.served,
      skipped: metrics.skipped,
    },
  );
  registerFeedbackRoutes(
    server,
    { protocol, feedbackTargetOf, requestTimeoutMs: config.requestTimeoutMs },
    {
      answerEvent,
      feedback,
      limiter,
      now,
      draining: () => phase === 'draining',
      log,
      served: traced.served,
      skipped: metrics.skipped,
    },
  );
  registerInfoRoutes(
    server,
    { ...config, ...identity, protocol },
    { ask: askInfo, limiter, now, log, served: metrics.servedGet },
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
  readiness.start();
  const grpcDeps = {
    call,
    feedback,
    askGraph: predictor.askGraph,
    limiter,
    now,
    draining: () => phase === 'draining',
    ready,
    log,
    served: traced.servedGrpc,
    traced: traced.method,
    admit: security.admit,
    bound: bound && ((listener: Server) => bound(listener, 'grpc')),
  };
  const grpc = await startGrpc(config, predictorUrl, grpcDeps, security.certificate);
  const url = await server.listen({ host: config.httpHost, port: config.httpPort });
  log.info({ url, predictor: predictorUrl, protocol: protocol.name }, 'listening');

  const stop = async (): Promise<void> => {
    phase = 'stopping';
    kafka?.halt();
    log.info({ delayMs: config.drainDelayMs }, 'stopping: no longer ready');
    await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs));
    phase = 'draining';
    const drainedBy = now() + config.drainTimeoutMs;
    await withinTime(
      config.drainTimeoutMs,
      Promise.all([
        // What it still predicts on goes to the sink, too.
        server.close().then(() => sink?.close(drainedBy - now())),
        grpc?.close(config.drainTimeoutMs),
        kafka?.close(config.drainTimeoutMs),
      ]),
    );
    readiness.close();
    security.close();
    await Promise.all([predictor.close(), payloadLog.close(), sink?.close(0)]);
    await tracing?.close(flushTimeoutMs);
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

/** The last spans get so long to be sent. */
const flushTimeoutMs = 2_000;

/** Kafka's own closing needs a moment after its drain: commit, leave, disconnect. */
const closingMarginMs = 3_000;

async function withinTime(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = new Promise((resolve) => setTimeout(resolve, timeoutMs + closingMarginMs));
  await Promise.race([work, timeout]);
}
