/** Opens what predicts: one model, called directly, or a graph. */

import type { AdapterConfig } from '../config/adapter.ts';
import {
  type CallWithinDeadline,
  createCallWithinDeadline,
} from '../delivery/call-within-deadline.ts';
import { createMicroBatch } from '../delivery/micro-batch.ts';
import type { Log } from '../delivery/ports.ts';
import { graphOfModel } from '../graph/single-model.ts';
import { batchFormats } from '../inference/batch-formats.ts';
import { protocols } from '../inference/protocols.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { createReadiness } from '../predictor/readiness.ts';
import { createRestClient } from '../predictor/rest-client.ts';
import { now, schedule } from './clock.ts';
import { measured } from './measured.ts';
import { type OpenGraphDeps, type OpenPredictor, openFeedback, openGraph } from './open-graph.ts';
import { logged } from './open-payload-log.ts';

export interface NamedPredictor extends OpenPredictor {
  /** For messages: where it is. */
  readonly predictorUrl: string;
}

/** Opens connections as they are needed; nothing is asked before `readiness.start`. */
export function openPredictor(config: AdapterConfig, deps: OpenGraphDeps): NamedPredictor {
  // One more than may be predicted at once, so that the readiness probe never waits.
  const connections = config.maxConcurrency + (config.kafka === undefined ? 0 : config.workers) + 1;
  const { predictorUrl: url, graph } = config;
  if (url !== undefined) return openModel(config, url, connections, deps);
  if (graph === undefined) throw new Error('there is neither a predictor URL nor a graph');
  return {
    ...openGraph(config, graph, connections, deps),
    predictorUrl: `the graph of "${graph.root.name}"`,
  };
}

function openModel(
  config: AdapterConfig,
  url: URL,
  connections: number,
  deps: OpenGraphDeps,
): NamedPredictor {
  const { metrics, log, changed, copy } = deps;
  const protocol = protocols[config.protocol];
  const predictorUrl = url.href.replace(/\/$/, '');
  const client = createRestClient({
    url,
    connections,
    connectTimeoutMs: config.connectTimeoutMs,
    maxAnswerBytes: config.maxAnswerBytes,
  });
  const callAlone = createCallWithinDeadline(
    { attemptTimeoutMs: config.attemptTimeoutMs },
    { call: measured(client.call, metrics.called), now, schedule, random: Math.random },
  );
  const call = config.batchMaxSize > 1 ? batched(callAlone, config, metrics, log) : callAlone;
  const graph = config.graph ?? graphOfModel(config.model ?? 'model', url);
  return {
    predictorUrl,
    feedback: openFeedback(config, graph, deps, (_node, request) => callAlone(request)),
    call: logged(call, graph.root, copy),
    readiness: createReadiness(
      { protocol, model: config.model, intervalMs: config.readinessIntervalMs, predictorUrl },
      { probe: client.probe, schedule, log, changed },
    ),
    close: client.close,
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
