/** Wires a graph: a client, a breaker and a readiness for each node that is called. */

import type { AdapterConfig } from '../config/adapter.ts';
import type { AskNode } from '../delivery/ask-info.ts';
import { createAskOverGrpc } from '../delivery/ask-over-grpc.ts';
import type { CallWithinDeadline } from '../delivery/call-within-deadline.ts';
import {
  type CallService,
  createCallNode,
  createFeedbackCall,
  createGraphCall,
  type GraphRequest,
  type LogPayload,
} from '../delivery/graph-call.ts';
import type { CallPredictor, Log, PredictionAnswer } from '../delivery/ports.ts';
import type { Tracing } from '../delivery/tracing.ts';
import { AdapterError } from '../errors.ts';
import { createFeedback, type FeedbackForm } from '../graph/feedback.ts';
import type { MessageForm } from '../graph/form.ts';
import { whereOf } from '../graph/message.ts';
import { type GraphNode, nodesOf, type PredictorGraph, urlOfNode } from '../graph/node.ts';
import { nodePaths } from '../graph/node-path.ts';
import { isCalled, stepsOf } from '../graph/steps.ts';
import { createWalk, unitOf } from '../graph/walk.ts';
import type { GrpcInfo } from '../inference/grpc-info.ts';
import { protocols } from '../inference/protocols.ts';
import type { AdapterMetrics } from '../observability/metrics.ts';
import { createReadiness, type Readiness } from '../predictor/readiness.ts';
import { readinessOfAll } from '../predictor/readiness-of-all.ts';
import { schedule } from './clock.ts';
import { measured, modelName } from './measured.ts';
import { openBreaker } from './open-breaker.ts';
import { openCalls } from './open-calls.ts';
import { type NodeClient, openNodeClient } from './open-node.ts';

/** What predicts. */
export interface OpenGraph {
  readonly call: CallWithinDeadline;
  /** Takes feedback to whom it is about. */
  readonly feedback: CallWithinDeadline;
  /** Asks a node about itself, once. */
  readonly askNode: AskNode;
  /** Calls a node past its breaker. */
  readonly callNode: CallService;
  readonly readiness: Readiness;
  readonly close: () => Promise<void>;
}

/** How what goes through a graph is written. */
export interface GraphForms {
  readonly message: MessageForm;
  readonly feedback: FeedbackForm;
  /** How nodes are asked for status and metadata. */
  readonly info: GrpcInfo;
}

export interface OpenGraphDeps {
  readonly metrics: AdapterMetrics;
  readonly log: Log;
  /** Takes copies of payloads; undefined where no node is logged. */
  readonly copy: LogPayload | undefined;
  /** A call was made a second time beside the first. */
  readonly hedged: () => void;
  /** The readiness of a node changed. */
  readonly changed: (isReady: boolean) => void;
  readonly tracing: Tracing | undefined;
}

/**
 * @param connections most calls of one node at once
 * @param forms how messages are written, where they are no JSON
 */
export function openGraph(
  config: AdapterConfig,
  graph: PredictorGraph,
  connections: number,
  deps: OpenGraphDeps,
  forms?: GraphForms,
): OpenGraph {
  const protocol = protocols[config.protocol];
  const { metrics, log } = deps;
  const clients = new Map<string, NodeClient>();
  const calls = new Map<string, CallWithinDeadline>();
  // A node that fails at feedback predicts none the worse: its breaker is not told.
  const unguarded = new Map<string, CallWithinDeadline>();
  const asks = new Map<string, CallPredictor>();
  const readiness = new Map<string, Readiness>();

  const clientOf = (url: URL): NodeClient => {
    // By host and port: URL knows no origin of grpc://.
    const known = clients.get(url.host);
    if (known !== undefined) return known;
    const client = openNodeClient(config, url, connections);
    clients.set(url.host, client);
    return client;
  };

  for (const node of nodesOf(graph.root)) {
    const url = urlOfNode(node);
    if (url === undefined || !isCalled(stepsOf(node))) continue;
    const client = clientOf(url);
    const meter = metrics.modelCalls({
      ...modelName(node.name, config.facts),
      paths: new Set([
        ...nodePaths(config.protocol, node),
        protocol.readinessPath(node.name),
        protocol.metadataPath(node.name),
        ...(forms?.info.paths ?? []),
      ]),
    });
    const { predict, once } = openCalls(config, node.name, measured(client.call, meter, 'post'), {
      ...{ hedged: deps.hedged, tracing: deps.tracing, url },
    });
    const at = { what: 'node', where: whereOf(node) } as const;
    const breaker = openBreaker(config, node.name, at, predict, deps);
    calls.set(node.name, breaker?.call ?? predict);
    unguarded.set(node.name, once);
    asks.set(
      node.name,
      forms === undefined
        ? measured(client.askInfo, meter, 'get')
        : createAskOverGrpc(whereOf(node), forms.info, measured(client.askInfo, meter, 'post')),
    );
    readiness.set(
      node.name,
      createReadiness(
        { intervalMs: config.readinessIntervalMs },
        {
          ask: client.ask(node.name),
          schedule,
          log,
          changed: (isReady) => {
            if (isReady) breaker?.ready();
            deps.changed(isReady);
          },
        },
      ),
    );
  }

  const service = serviceOf(calls);
  const callNode = createCallNode(config.protocol, service, deps.copy);
  const walk = createWalk<GraphRequest>(
    { protocol: config.protocol, ...(forms && { form: forms.message }) },
    { callNode, random: Math.random },
  );
  return {
    call: createGraphCall({ protocol, root: unitOf(graph.root, graph.images) }, walk),
    feedback: openFeedback(config, graph, deps, serviceOf(unguarded), forms?.feedback),
    askNode: serviceOf(asks),
    callNode: serviceOf(unguarded),
    readiness: readinessOfAll(readiness),
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}

/** Feedback goes to the nodes by the same calls; a graph may be a single model. @param form JSON unless told */
export function openFeedback(
  config: AdapterConfig,
  graph: PredictorGraph,
  { metrics, copy }: Pick<OpenGraphDeps, 'metrics' | 'copy'>,
  service: CallService,
  form?: FeedbackForm,
): CallWithinDeadline {
  const feedback = createFeedback<GraphRequest>(
    config.protocol,
    {
      callNode: createCallNode(config.protocol, service),
      rewarded: ({ name }, reward) => metrics.rewarded(modelName(name, config.facts), reward),
      ...(copy && { passed: (...given) => copy('feedback', ...given) }),
    },
    form,
  );
  return createFeedbackCall(unitOf(graph.root, graph.images), feedback);
}

/** Calls a node; an error says which one it was. */
function serviceOf<Call>(
  calls: ReadonlyMap<string, (call: Call) => Promise<PredictionAnswer>>,
): (node: GraphNode, call: Call) => Promise<PredictionAnswer> {
  return async (node, request) => {
    const call = calls.get(node.name);
    if (call === undefined) throw new Error(`the node "${node.name}" has no client`);
    try {
      return await call(request);
    } catch (thrown) {
      const error = AdapterError.from(thrown);
      const { code, message, status, retryAfterMs, reached, problems } = error;
      if (message.startsWith('node ')) throw error;
      const details = { status, retryAfterMs, reached, problems, cause: error };
      throw new AdapterError(code, `${whereOf(node)}: ${message}`, details);
    }
  };
}
