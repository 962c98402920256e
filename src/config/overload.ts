/** What is done where more comes than the predictor can answer. */

import { z } from 'zod';
import { type SettingGroup, yesOrNo } from './setting.ts';

/** A part of a whole that is more than nothing: `0.5`, `1`. */
const fraction = z
  .string()
  .regex(/^(?:0?\.\d+|1(?:\.0+)?)$/, 'expected a number above 0, at most 1, such as 0.5')
  .transform(Number)
  .pipe(z.number().min(0.01, 'expected at least 0.01'))
  .meta({ title: '0.01–1' });

export const overloadSettings = {
  circuitBreaker: {
    env: 'CIRCUIT_BREAKER',
    flags: ['circuit_breaker'],
    schema: yesOrNo,
    isSwitch: true,
    fallback: 'true',
    doc: 'While a model serves nobody, HTTP and gRPC callers are answered 503 (UNAVAILABLE) at once, and one request at a time finds out whether it serves again; in a graph for each node, and for Kafka too. See docs/overload.md.',
  },
  adaptiveConcurrency: {
    env: 'ADAPTIVE_CONCURRENCY',
    flags: ['adaptive_concurrency'],
    schema: yesOrNo,
    isSwitch: true,
    fallback: 'false',
    doc: 'How many calls of the predictor may be under way, for HTTP, gRPC and Kafka together, is learnt from how long they take: up to MAX_CONCURRENCY and KAFKA_WORKERS. See docs/overload.md.',
  },
  deadlineFraction: {
    env: 'OVERLOAD_DEADLINE_FRACTION',
    schema: fraction,
    fallbackText: '1; 0.5 with ADAPTIVE_CONCURRENCY',
    doc: "What of a request's time until its deadline waiting for a place and predicting may take: who would have to wait longer, as far as can be told, is answered 429 at once.",
  },
} as const satisfies SettingGroup;
