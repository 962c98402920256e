/** How the predictor is called. */

import { z } from 'zod';
import { problemsOf } from '../graph/check.ts';
import { parseEnginePredictor } from '../graph/parse-predictor.ts';
import { protocolNames } from '../inference/protocol.ts';
import { httpUrl, integer, milliseconds, oneOf, type SettingGroup, text } from './setting.ts';

const engineGraph = text
  .transform((value, context) => {
    const parsed = parseEnginePredictor(value);
    const problems = parsed.ok ? problemsOf(parsed.predictor) : parsed.problems;
    if (parsed.ok && problems.length === 0) return parsed.predictor;
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
    schema: oneOf(['rest']),
    fallback: 'rest',
    doc: 'Transport that the predictor is called by.',
  },
  predictorUrl: {
    env: 'PREDICTOR_URL',
    schema: httpUrl,
    doc: "The predictor's base address. A path in it stands before the protocol's own. This or ENGINE_PREDICTOR is required.",
  },
  enginePredictor: {
    env: 'ENGINE_PREDICTOR',
    schema: engineGraph,
    doc: "Base64 of the JSON of a `spec.predictors[]` entry, as Seldon's operator gives it to its executor: an inference graph whose nodes are called over REST. See docs/graphs.md.",
  },
  model: {
    env: 'MODEL_NAME',
    schema: text.regex(/^[^/:?#\s]+$/, 'expected a model name without "/", ":" or spaces'),
    doc: 'Name of the model; the tensorflow and v2 protocols need it. Unset: the name in ENGINE_PREDICTOR. The nodes of a larger graph go by their own names.',
  },
  attemptTimeoutMs: {
    env: 'ATTEMPT_TIMEOUT_MS',
    schema: milliseconds(1),
    doc: 'How long one call of the predictor may take. Unset: REQUEST_TIMEOUT_MS.',
    fallbackText: 'REQUEST_TIMEOUT_MS',
  },
  connectTimeoutMs: {
    env: 'CONNECT_TIMEOUT_MS',
    schema: milliseconds(1),
    fallback: '3000',
    doc: 'How long connecting to the predictor may take.',
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
