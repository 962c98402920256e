/** What is called, out of all that can name it; and what must hold between that and the settings. */

import { seldonOnly } from '../graph/check.ts';
import { nodesOf, type PredictorGraph } from '../graph/node.ts';
import { noFacts, type PredictorFacts } from '../graph/predictor-entry.ts';
import {
  namesOf,
  nodesOfTransport,
  type Transport,
  transportOfGraph,
  transportProblem,
  withTransport,
} from '../graph/transport.ts';
import { protocols } from '../inference/protocols.ts';
import { batchSettings } from './batching.ts';
import { identitySettings } from './identity.ts';
import type { Conflict } from './parse.ts';
import { payloadLogSettings } from './payload-log.ts';
import { type EnginePredictor, predictorSettings } from './predictor.ts';
import { hedgeProblem, repeatableSettings, unknownNodes } from './repeatable.ts';
import type { ValuesOf } from './setting.ts';

const settings = {
  ...identitySettings,
  ...predictorSettings,
  ...repeatableSettings,
  ...batchSettings,
  ...payloadLogSettings,
};
type Values = ValuesOf<typeof settings>;

export interface CalledPredictor {
  /** The one model's, from PREDICTOR_URL or an engine predictor; undefined: `graph` is walked. */
  readonly predictorUrl: URL | undefined;
  /** What its address, or else the graph's endpoint, says. */
  readonly transport: Transport;
  readonly model: string | undefined;
  /** From ENGINE_PREDICTOR or the predictor in a file, however small. */
  readonly graph: PredictorGraph | undefined;
  /** What metrics say of the predictor. */
  readonly facts: PredictorFacts;
}

/** The predictor that is described rather than addressed, if any. */
export type EngineOf = (
  values: Pick<Values, 'enginePredictor' | 'predictorFile' | 'predictor'>,
) => EnginePredictor | undefined;

/** What is called, by whichever way of naming it. */
export function calledPredictor(
  values: Values,
  engine: EnginePredictor | undefined,
): CalledPredictor | undefined {
  const transport = transportOf(values, engine);
  const { graph, single, facts = noFacts } = engine ?? {};
  if (graph !== undefined && single === undefined) {
    const called = withTransport(graph, transport);
    return { predictorUrl: undefined, transport, model: graph.root.name, graph: called, facts };
  }
  const predictorUrl = values.predictorUrl ?? engineUrl(engine, transport);
  const model = values.model ?? single?.model;
  const called = graph && withTransport(graph, transport);
  return predictorUrl && { predictorUrl, transport, model, graph: called, facts };
}

/** What is asked for and cannot be heeded. */
export function graphWarnings(
  { model, logSink }: Values,
  { graph, single }: EnginePredictor,
  transport: Transport,
): string[] {
  const warnings: string[] = [];
  const nodes = nodesOf(graph.root);
  if (single === undefined && model !== undefined && model !== graph.root.name) {
    warnings.push('MODEL_NAME is not heeded: the nodes of a graph go by their own names');
  }
  const other = transport === 'grpc' ? 'rest' : 'grpc';
  const others = single === undefined ? nodesOfTransport(graph, other) : [];
  if (others.length > 0) {
    warnings.push(
      `the endpoints of ${namesOf(others)} are of type ${other.toUpperCase()}, but are called over ${transport}, as SELDON_TRANSPORT says`,
    );
  }
  const logged = nodes.filter(({ logger }) => logger !== undefined);
  const silent = logged.filter(({ logger }) => (logger?.url ?? logSink) === undefined);
  if (silent.length > 0) {
    warnings.push(
      `payloads of ${namesOf(silent)} are not logged: the logger names no url, and REQUEST_LOGGER_DEFAULT_ENDPOINT is not set`,
    );
  }
  return warnings;
}

const isGrpcUrl = (url: URL): boolean => url.protocol.startsWith('grpc');

function transportOf(
  { transport, predictorUrl }: Pick<Values, 'transport' | 'predictorUrl'>,
  engine: EnginePredictor | undefined,
): Transport {
  if (predictorUrl !== undefined) return isGrpcUrl(predictorUrl) ? 'grpc' : 'rest';
  if (transport !== undefined || engine === undefined) return transport ?? 'rest';
  return engine.single?.transport ?? transportOfGraph(engine.graph) ?? 'rest';
}

const engineUrl = (engine: EnginePredictor | undefined, transport: Transport): URL | undefined =>
  transport === 'grpc' ? engine?.single?.grpcUrl : engine?.single?.restUrl;

/** What keeps a graph from being walked, by one transport for all its nodes. */
function graphProblem(
  { transport, protocol }: Pick<Values, 'transport' | 'protocol'>,
  { graph }: EnginePredictor,
  wanted: Transport,
): string | undefined {
  if (transport === undefined && transportOfGraph(graph) === undefined) {
    const grpc = namesOf(nodesOfTransport(graph, 'grpc'));
    const rest = namesOf(nodesOfTransport(graph, 'rest'));
    return `the endpoints of ${grpc} are of type GRPC, and those of ${rest} of type REST, but a graph has one transport; give them one type, or say by SELDON_TRANSPORT which of their ports are called`;
  }
  return transportProblem(graph, wanted, protocol);
}

/** For messages: what describes the predictor. */
export const sourceOf = ({ predictorFile }: Pick<Values, 'predictorFile'>): string =>
  predictorFile === undefined ? 'ENGINE_PREDICTOR' : 'PREDICTOR_FILE (--file)';

const engineSettings = ['enginePredictor', 'predictorFile', 'predictor'] as const;

/** What must hold between the settings and the predictor that is described, here or in a file. */
export function engineConflicts(engineOf: EngineOf): readonly Conflict<typeof settings>[] {
  return [
    { between: ['repeatableNodes', 'hedgeAfterMs'], problem: hedgeProblem },
    {
      between: ['repeatableNodes', ...engineSettings],
      problem: (values) => unknownNodes(values, engineOf(values)),
    },
    {
      between: ['transport', 'protocol', 'predictorUrl', ...engineSettings],
      problem: (values) => {
        const { transport, predictorUrl } = values;
        const engine = engineOf(values);
        const wanted = transportOf(values, engine);
        const isOther = transport !== undefined && transport !== wanted;
        if (isOther && predictorUrl !== undefined) {
          return `SELDON_TRANSPORT is ${transport}, but PREDICTOR_URL is an address for ${wanted}; write it as ${transport === 'grpc' ? 'grpc:// or grpcs://' : 'http:// or https://'}, or unset SELDON_TRANSPORT`;
        }
        if (engine !== undefined && engine.single === undefined) {
          const problem = graphProblem(values, engine, wanted);
          return problem && `${sourceOf(values)}: ${problem}`;
        }
        if (engine?.single === undefined || engineUrl(engine, wanted) !== undefined) {
          return undefined;
        }
        return `${sourceOf(values)}: graph.endpoint: expected service_host and ${wanted === 'grpc' ? 'grpcPort (or service_port) for gRPC' : 'httpPort (or service_port) for REST'}`;
      },
    },
    {
      between: ['batchMaxSize', 'transport', 'predictorUrl', ...engineSettings],
      problem: (values) => {
        const engine = engineOf(values);
        if (values.batchMaxSize <= 1) return undefined;
        if (transportOf(values, engine) === 'grpc') {
          return 'BATCH_MAX_SIZE merges JSON requests, but the predictor is called over gRPC: unset it';
        }
        return engine !== undefined && engine.single === undefined
          ? 'BATCH_MAX_SIZE merges requests for one model, and the graph has more to it: unset it'
          : undefined;
      },
    },
    {
      between: ['protocol', 'model', 'transport', 'predictorUrl', ...engineSettings],
      problem: (values) => {
        const { protocol, model, enginePredictor, predictorFile } = values;
        const named = (model ?? enginePredictor ?? predictorFile) !== undefined;
        return protocols[protocol].needsModel && !named && transportOf(values, undefined) === 'rest'
          ? `MODEL_NAME is not set: the ${protocol} protocol names it in its paths`
          : undefined;
      },
    },
    {
      between: ['protocol', ...engineSettings],
      problem: (values) => {
        const { protocol } = values;
        const engine = engineOf(values);
        if (protocol === 'seldon' || engine === undefined) return undefined;
        const units = seldonOnly(engine.graph);
        return units.length > 0
          ? `${sourceOf(values)}: ${units.join(', ')} speaks the seldon protocol alone, not ${protocol}: use a container`
          : undefined;
      },
    },
  ];
}
