/** How the predictor is called. */

import { z } from 'zod';
import { problemsOf } from '../graph/check.ts';
import type { PredictorGraph } from '../graph/node.ts';
import { parseEnginePredictor } from '../graph/parse-predictor.ts';
import type { PredictorFacts } from '../graph/predictor-entry.ts';
import { type SingleModel, singleModelOf } from '../graph/single-model.ts';
import { seldonServices } from '../inference/grpc-bindings.ts';
import { protocolNames } from '../inference/protocol.ts';
import {
  integer,
  milliseconds,
  oneOf,
  predictorAddress,
  type SettingGroup,
  text,
} from './setting.ts';

/** A predictor as the operator describes it. */
export interface EnginePredictor {
  readonly graph: PredictorGraph;
  /** There where the graph is one model, which is called directly. */
  readonly single: SingleModel | undefined;
  /** What metrics say of it. */
  readonly facts: PredictorFacts;
}

/** The base64 of a predictor's JSON → its graph, which can be served. */
export const enginePredictor = text
  .transform((value, context): EnginePredictor => {
    const parsed = parseEnginePredictor(value);
    const problems = parsed.ok ? problemsOf(parsed.predictor) : parsed.problems;
    if (parsed.ok && problems.length === 0) {
      const { predictor: graph, facts } = parsed;
      return { graph, single: singleModelOf(graph), facts };
    }
    for (const problem of problems) context.addIssue(problem);
    return z.NEVER;
  })
  .meta({ title: 'base64 of JSON' });

export const predictorSettings = {
  protocol: {
    env: 'SELDON_PROTOCOL',
    flags: ['protocol'],
    schema: oneOf([...protocolNames, 'kfserving'])
      .transform((name) => (name === 'kfserving' ? 'v2' : name))
      .meta({ title: '`seldon`, `tensorflow`, `v2`' }),
    fallback: 'seldon',
    doc: 'Protocol that the predictor speaks; `kfserving` is an older name of `v2`.',
  },
  transport: {
    env: 'SELDON_TRANSPORT',
    flags: ['transport'],
    schema: oneOf(['rest', 'grpc']),
    fallbackText: 'that of PREDICTOR_URL or ENGINE_PREDICTOR',
    doc: 'Transport that the predictor is called by. Over gRPC, payloads are protobufs that say their name (header `proto-name`, extension `protoname`), and pass through undecoded.',
  },
  predictorUrl: {
    env: 'PREDICTOR_URL',
    schema: predictorAddress,
    doc: "The predictor's base address: `http`, `https`, `grpc` or `grpcs`. A path in it stands before the protocol's own. This, ENGINE_PREDICTOR or PREDICTOR_FILE is required.",
  },
  enginePredictor: {
    env: 'ENGINE_PREDICTOR',
    schema: enginePredictor,
    doc: "Base64 of the JSON of a `spec.predictors[]` entry, as Seldon's operator gives it to its executor: one MODEL or a larger inference graph, called over REST or gRPC as its endpoints' `type` says. See docs/graphs.md.",
  },
  predictorFile: {
    env: 'PREDICTOR_FILE',
    flags: ['file'],
    schema: text,
    doc: 'File with a SeldonDeployment, as YAML or JSON, whose predictor of the name PREDICTOR_ID stands instead of ENGINE_PREDICTOR; its nodes must have endpoints.',
  },
  podAnnotationsFile: {
    env: 'POD_ANNOTATIONS_FILE',
    schema: text,
    fallback: '/etc/podinfo/annotations',
    doc: "The pod's annotations as the downward API writes them; read once, at the start. `seldon.io/rest-timeout`, `seldon.io/grpc-timeout`, `seldon.io/rest-connect-timeout` (ms) and `seldon.io/rest-connect-retries` count where ATTEMPT_TIMEOUT_MS, CONNECT_TIMEOUT_MS and CALL_RETRIES are unset. It may be missing.",
  },
  model: {
    env: 'MODEL_NAME',
    schema: text.regex(/^[^/:?#\s]+$/, 'expected a model name without "/", ":" or spaces'),
    doc: 'Name of the model; the tensorflow and v2 protocols need it over REST; over gRPC, where messages name it, it is what readiness asks for. Unset: the name in ENGINE_PREDICTOR. The nodes of a larger graph go by their own names.',
  },
  seldonGrpcService: {
    env: 'SELDON_GRPC_SERVICE',
    schema: oneOf(seldonServices),
    fallback: 'model',
    doc: 'Service that a predictor of the seldon protocol offers over gRPC: `model` is `seldon.protos.Model`, which a model server has; `seldon` is `seldon.protos.Seldon`, which a whole graph has.',
  },
  predictorCaFile: {
    env: 'PREDICTOR_TLS_CA_FILE',
    schema: text,
    doc: "PEM file with the authorities that the predictor's certificate may come from, for `https` and `grpcs`. It is read again for every new connection. Unset: those that Node knows.",
  },
  predictorCertFile: {
    env: 'PREDICTOR_TLS_CERT_FILE',
    schema: text,
    doc: 'PEM file with the certificate chain that the predictor is shown.',
  },
  predictorKeyFile: {
    env: 'PREDICTOR_TLS_KEY_FILE',
    schema: text,
    doc: "PEM file with that certificate's private key.",
  },
  attemptTimeoutMs: {
    env: 'ATTEMPT_TIMEOUT_MS',
    schema: milliseconds(1),
    doc: 'How long one call of the predictor may take.',
    fallbackText: 'the annotation `seldon.io/rest-timeout`, else REQUEST_TIMEOUT_MS',
  },
  connectTimeoutMs: {
    env: 'CONNECT_TIMEOUT_MS',
    schema: milliseconds(1),
    fallbackText: 'the annotation `seldon.io/rest-connect-timeout`, else 3000',
    doc: 'How long connecting to the predictor may take; over gRPC, until its settings of HTTP/2 have come.',
  },
  callRetries: {
    env: 'CALL_RETRIES',
    schema: integer(0, 10),
    fallbackText: 'the annotation `seldon.io/rest-connect-retries`, else 3',
    doc: 'How often a call that never reached the predictor, or that it turned away (429, 503), is repeated within a request while the deadline allows. Any other call is repeated only where REPEATABLE_NODES allows it.',
  },
  maxAnswerBytes: {
    env: 'MAX_ANSWER_BYTES',
    schema: integer(1, 2 ** 31 - 1),
    fallback: String(64 * 1024 * 1024),
    doc: "Larger answers of the predictor are refused: the input's fault is `transient`.",
  },
  readinessIntervalMs: {
    env: 'READINESS_INTERVAL_MS',
    schema: milliseconds(50),
    fallback: '2000',
    doc: "How often the predictor's health route is asked while it is ready.",
  },
} as const satisfies SettingGroup;
