/** Metadata of models, and of a whole graph in the shape in which Seldon's executor tells it. */

import { isWritable } from '../json-depth.ts';

/** What a model says of itself. */
export type Described = Readonly<Record<string, unknown>>;

/** What a model answered on `/metadata`; undefined where that is no JSON object, or nested too deeply. */
export function readMetadata(answer: Uint8Array): Described | undefined {
  try {
    const told: unknown = JSON.parse(Buffer.from(answer).toString('utf8'));
    const isObject = typeof told === 'object' && told !== null && !Array.isArray(told);
    return isObject && isWritable(told) ? (told as Described) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param predictor name of the predictor
 * @param models each by the name of its node
 * @param edges `inputs` and `outputs` of the graph
 * @returns JSON
 */
export const graphMetadata = (
  predictor: string,
  models: readonly (readonly [string, Described])[],
  { inputs, outputs }: Described,
): string =>
  JSON.stringify({
    name: predictor,
    models: Object.fromEntries(models),
    graphinputs: inputs ?? null,
    graphoutputs: outputs ?? null,
  });
