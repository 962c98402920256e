/** Opens what predicts: one model, called directly over REST or gRPC, or a graph. */

import type { AdapterConfig } from '../config/adapter.ts';
import { createAskGrpcGraph } from '../delivery/ask-grpc-graph.ts';
import { type AskInfo, createAskGraph, createAskModel } from '../delivery/ask-info.ts';
import { createAskOverGrpc } from '../delivery/ask-over-grpc.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import type { CallService } from '../delivery/graph-call.ts';
import { type CallMerged, createMicroBatch } from '../delivery/micro-batch.ts';
import type { Log } from '../delivery/ports.ts';
import { tracedPrediction } from '../delivery/traced.ts';
import { tracedMerged } from '../delivery/traced-batch.ts';
import type { PredictorGraph } from '../graph/node.ts';
import { nodePath } from '../graph/node-path.ts';
import { graphOfModel } from '../graph/single-model.ts';
import { unitOf } from '../graph/walk.ts';
import { batchFormats } from '../inference/batch-formats.ts';
import { grpcBindingOf } from '../inference/grpc-bindings.ts';
import type { GrpcInfo } from '../inference/grpc-info.ts';
import { protocols } from '../inference/protocols.ts';
import {
  grpcFeedbackTargets,
  grpcTargets,
  restTargets,
  type TargetOf,
} from '../inference/targets.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { createReadiness } from '../predictor/readiness.ts';
import { now, schedule } from './clock.ts';
import { loadProtobuf, loadProtobufForm } from './load-protobuf.ts';
import { measured, modelName } from './measured.ts';
import { openCalls } from './open-calls.ts';
import { type OpenGraph, type OpenGraphDeps, openFeedback, openGraph } from './open-graph.ts';
import { type ModelClient, openGrpcModel, openRestModel } from './open-model.ts';
import { logged } from './open-payload-log.ts';

export interface OpenPredictor extends Omit<OpenGraph, 'askNode' | 'callNode'> {
  /** For messages: where it is. */
  readonly predictorUrl: string;
  /** What a payload is called by. */
  readonly targetOf: TargetOf;
  /** What feedback is called by. */
  readonly feedbackTargetOf: TargetOf;
  /** Asks for status and metadata by the protocol's REST paths. */
  readonly askInfo: AskInfo;
  /** Likewise over gRPC: the methods that are about something. */
  readonly askGraph: CallWithinDeadline | undefined;
}

/** Opens connections as they are needed; nothing is asked before `readiness.start`. */
export async function openPredictor(
  config: AdapterConfig,
  deps: OpenGraphDeps,
): Promise<OpenPredictor> {
  // One more than may be predicted at once, so that the readiness probe never waits.
  const connections = config.maxConcurrency + (config.kafka === undefined ? 0 : config.workers) + 1;
  const { predictorUrl, graph } = config;
  if (predictorUrl !== undefined) return openModel(config, predictorUrl, connections, deps);
  if (graph === undefined) throw new Error('there is neither a predictor URL nor a graph');
  const named = `the graph of "${graph.root.name}"`;
  const protocol = protocols[config.protocol];
  const { predictor } = config;
  const root = unitOf(graph.root, graph.images);
  if (config.transport === 'grpc') {
    const protobuf = await loadProtobuf();
    const binding = grpcBindingOf(config.protocol, 'model');
    const message = (await loadProtobufForm())(config.protocol);
    const info = protobuf.grpcInfoOf(config.protocol, 'model', undefined);
    const forms = { message, feedback: protobuf.protobufFeedback, info };
    const opened = openGraph(config, graph, connections, deps, forms);
    return {
      ...opened,
      predictorUrl: named,
      // The name in a message is written anew for every node.
      targetOf: grpcTargets(protocol, binding, undefined),
      feedbackTargetOf: grpcFeedbackTargets(binding),
      askInfo: createAskGraph({ predictor, root }, opened.askNode),
      askGraph: createAskGrpcGraph(
        { binding, predictor, root },
        { call: opened.callNode, metadataOf: protobuf.protobufGraphMetadata },
      ),
    };
  }
  const targetOf = restTargets(protocol, config.model);
  const opened = openGraph(config, graph, connections, deps);
  return {
    ...opened,
    predictorUrl: named,
    targetOf,
    feedbackTargetOf: targetOf,
    askInfo: createAskGraph({ predictor, root }, opened.askNode),
    askGraph: undefined,
  };
}

async function openModel(
  config: AdapterConfig,
  url: URL,
  connections: number,
  deps: OpenGraphDeps,
): Promise<OpenPredictor> {
  const { metrics, log, changed } = deps;
  const isRest = config.transport === 'rest';
  const client = isRest ? openRestModel(config, url, connections) : openGrpcModel(config, url);
  // Images go by the names of nodes; MODEL_NAME is what the model's own server calls it.
  const name = config.graph?.root.name ?? config.model ?? '';
  const graph = config.graph ?? graphOfModel(config.model ?? 'model', url);
  const info = isRest
    ? undefined
    : (await loadProtobuf()).grpcInfoOf(config.protocol, config.seldonGrpcService, config.model);
  const meter = metrics.modelCalls({
    ...modelName(name, config.facts),
    paths: new Set([
      ...client.paths,
      ...(info?.paths ?? []),
      client.feedbackPath ?? nodePath(config.protocol, 'send-feedback', name),
    ]),
  });
  const { predict, once } = openCalls(config, name, measured(client.call, meter, 'post'), {
    ...deps,
    url,
  });
  const merging = config.batchMaxSize > 1;
  const { tracing } = deps;
  const callMerged = tracing && tracedMerged(predict, tracing);
  const merged = merging ? batched(predict, callMerged, config, metrics, log) : predict;
  // Of each member, from when it began to wait for others.
  const call = merging && tracing !== undefined ? tracedPrediction('', merged, tracing) : merged;
  return {
    ...(isRest
      ? overRest(config, graph, { call, once }, deps)
      : await overGrpc(config, graph, { call, once }, client.feedbackPath, deps)),
    predictorUrl: client.url,
    targetOf: client.targetOf,
    feedbackTargetOf: client.feedbackTargetOf,
    askInfo: askInfoOf(config, client, info, meter),
    readiness: createReadiness(
      { intervalMs: config.readinessIntervalMs },
      { ask: client.ask, schedule, log, changed },
    ),
    close: client.close,
  };
}

const askInfoOf = (
  { predictor, model }: AdapterConfig,
  { askInfo, url }: ModelClient,
  info: GrpcInfo | undefined,
  meter: ReturnType<AdapterMetrics['modelCalls']>,
): AskInfo =>
  createAskModel(
    { predictor, model },
    info === undefined
      ? measured(askInfo, meter, 'get')
      : createAskOverGrpc(url, info, measured(askInfo, meter, 'post')),
  );

interface ModelCalls {
  readonly call: CallWithinDeadline;
  /** Never merged with others, nor made again where it may have arrived. */
  readonly once: CallWithinDeadline;
}

/** What a model over REST has beside its predictions, as every node of a graph. */
function overRest(
  config: AdapterConfig,
  graph: PredictorGraph,
  { call, once }: ModelCalls,
  deps: OpenGraphDeps,
): Pick<OpenPredictor, 'call' | 'feedback' | 'askGraph'> {
  return {
    askGraph: undefined,
    call: logged(call, graph.root, deps.copy),
    feedback: openFeedback(config, graph, deps, (_node, request) => once(request)),
  };
}

/**
 * What a model over gRPC has beside its predictions, as every node of a graph; bytes are passed on.
 * @param feedbackPath the method that takes feedback, where there is one
 */
async function overGrpc(
  config: AdapterConfig,
  graph: PredictorGraph,
  { call, once }: ModelCalls,
  feedbackPath = '',
  deps: OpenGraphDeps,
): Promise<Pick<OpenPredictor, 'call' | 'feedback' | 'askGraph'>> {
  const { protobufFeedback, protobufGraphMetadata } = await loadProtobuf();
  const takeFeedback: CallService = (_node, given) => once({ ...given, path: feedbackPath });
  const binding = grpcBindingOf(config.protocol, config.seldonGrpcService);
  const { predictor } = config;
  return {
    call: logged(call, graph.root, deps.copy, binding),
    feedback: openFeedback(config, graph, deps, takeFeedback, protobufFeedback),
    askGraph: createAskGrpcGraph(
      { binding, predictor, root: unitOf(graph.root, graph.images) },
      { call: (_node, given) => once(given), metadataOf: protobufGraphMetadata },
    ),
  };
}

/** Merges calls, and counts how many were. */
function batched(
  call: CallWithinDeadline,
  callMerged: CallMerged | undefined,
  config: AdapterConfig,
  metrics: AdapterMetrics,
  log: Log,
): CallWithinDeadline {
  let [requests, calls] = [0, 0];
  const merged = (members: number): void => {
    requests += members;
    calls += 1;
  };
  metrics.watchCount(
    'seldon_eventing_batched_requests_total',
    'Requests answered by merged calls of the predictor',
    () => requests,
  );
  metrics.watchCount(
    'seldon_eventing_batches_total',
    'Merged calls of the predictor that were answered',
    () => calls,
  );
  return createMicroBatch(
    {
      maxRows: config.batchMaxSize,
      maxWaitMs: config.batchMaxWaitMs,
      format: batchFormats[config.protocol],
    },
    { call, callMerged, now, schedule, log, merged },
  );
}
