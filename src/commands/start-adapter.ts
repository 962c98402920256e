/**
 * Wires the adapter: predictor, dispatch, HTTP and, where it is on, Kafka; and takes it apart in
 * the order that loses nothing.
 *
 * Stop: not ready, Kafka intake stopped → delay → HTTP refuses → work under way ends or its time
 * is up → offsets committed → everything closed.
 */

import { randomUUID } from 'node:crypto';
import type { AdapterConfig } from '../config/adapter.ts';
import {
  type CallWithinDeadline,
  createCallWithinDeadline,
} from '../delivery/call-within-deadline.ts';
import { createDispatch, type Dispatch } from '../delivery/dispatch.ts';
import { createLimiter } from '../delivery/limiter.ts';
import { createMicroBatch } from '../delivery/micro-batch.ts';
import type { CallPredictor, Log } from '../delivery/ports.ts';
import { AdapterError } from '../errors.ts';
import type { Event } from '../event/event.ts';
import { createReplyFactory } from '../event/reply.ts';
import { registerHealthRoutes } from '../http/health.ts';
import { registerInfoRoutes } from '../http/info.ts';
import { registerPredictionRoutes } from '../http/predictions.ts';
import { createHttpServer } from '../http/server.ts';
import { batchFormats } from '../inference/batch-formats.ts';
import { protocols } from '../inference/protocols.ts';
import type { KafkaAdapter } from '../kafka/kafka-adapter.ts';
import {
  type AdapterMetrics,
  createMetrics,
  type MeasuredModel,
  type MeterCall,
} from '../observability/metrics.ts';
import { createReadiness } from '../predictor/readiness.ts';
import { now, schedule, wallClock } from './clock.ts';
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
  const predictor = openPredictor(config);
  const meter = metrics.modelCalls(measuredModel(config, predictor.paths));
  const { url: predictorUrl, targetOf, askInfo } = predictor;
  const callAlone = createCallWithinDeadline(
    { attemptTimeoutMs: config.attemptTimeoutMs, maxRepeats: config.callRetries },
    { call: measured(predictor.call, meter, 'post'), now, schedule, random: Math.random },
  );
  const call = config.batchMaxSize > 1 ? batched(callAlone, config, metrics, log) : callAlone;
  const replies = createReplyFactory({
    identity,
    source: config.responseSource,
    propagate: config.propagateExtensions,
  });
  const dispatchOnly = createDispatch(
    {
      identity,
      targetOf,
      model: config.model,
      predictorUrl,
      eventTypes: new Set(config.eventTypes),
      responseId: config.responseId,
    },
    { call, replies, wallClock, randomId: randomUUID },
  );
  const dispatch = replied === undefined ? dispatchOnly : tapped(dispatchOnly, replied);
  const limits = { maxConcurrent: config.maxConcurrency, maxWaiting: config.maxWaiting };
  const limiter = createLimiter(limits, { now, schedule });

  let kafka: KafkaAdapter | undefined;
  const readiness = createReadiness(
    { intervalMs: config.readinessIntervalMs },
    { ask: predictor.ask, schedule, log, changed: () => kafka?.predictorChanged() },
  );
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
  if (askInfo !== undefined) {
    registerInfoRoutes(
      server,
      { ...config, ...identity, protocol },
      { ask: measured(askInfo, meter, 'get'), limiter, now, log, served: metrics.served },
    );
  }
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
    await predictor.close();
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

/** Merges calls, and counts how many were. */
function batched(
  call: CallWithinDeadline,
  config: AdapterConfig,
  metrics: AdapterMetrics,
  log: Log,
): CallWithinDeadline {
  let [requests, calls] = [0, 0];
  const merged = (members: number): void => {
    requests += members;
    calls += 1;
  };
  metrics.watch(
    'seldon_eventing_batched_requests',
    'Requests answered by merged calls of the predictor',
    () => requests,
  );
  metrics.watch(
    'seldon_eventing_batches',
    'Merged calls of the predictor that were answered',
    () => calls,
  );
  return createMicroBatch(
    {
      maxRows: config.batchMaxSize,
      maxWaitMs: config.batchMaxWaitMs,
      format: batchFormats[config.protocol],
    },
    { call, now, schedule, log, merged },
  );
}

/** What metrics say of the model that is called. */
function measuredModel(
  { model = '', facts }: AdapterConfig,
  paths: readonly string[],
): MeasuredModel {
  const image = facts.images.get(model) ?? { name: '', version: '' };
  return { name: model, image: image.name, version: image.version, paths: new Set(paths) };
}

/** Notes how long every call of the predictor took, and how it ended. */
function measured(call: CallPredictor, meter: MeterCall, method: 'get' | 'post'): CallPredictor {
  return async (request) => {
    const started = now();
    let code = 'none';
    try {
      const answer = await call(request);
      code = String(answer.status);
      return answer;
    } catch (error) {
      code = AdapterError.from(error).code;
      throw error;
    } finally {
      meter(request.path, method, code, (now() - started) / 1_000);
    }
  };
}

/** Kafka's own closing needs a moment after its drain: commit, leave, disconnect. */
const closingMarginMs = 3_000;

async function withinTime(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = new Promise((resolve) => setTimeout(resolve, timeoutMs + closingMarginMs));
  await Promise.race([work, timeout]);
}
