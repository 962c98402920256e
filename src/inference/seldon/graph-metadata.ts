/** Metadata of a whole graph, in the shape in which Seldon's executor tells it. */

type Fields = Readonly<Record<string, unknown>>;

/**
 * Of a graph of one model: its inputs and outputs are the graph's.
 * @param predictor name of the predictor
 * @param model name of the node; undefined: the one that the model says of itself
 * @param metadata what the model answered on `/metadata`
 * @returns JSON, or undefined where the model's answer is no JSON object
 */
export function graphMetadata(
  predictor: string,
  model: string | undefined,
  metadata: Uint8Array,
): string | undefined {
  let told: unknown;
  try {
    told = JSON.parse(Buffer.from(metadata).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return undefined;
  const { name, inputs, outputs } = told as Fields;
  const node = model ?? (typeof name === 'string' ? name : '');
  return JSON.stringify({
    name: predictor,
    models: Object.fromEntries([[node, told]]),
    graphinputs: inputs ?? null,
    graphoutputs: outputs ?? null,
  });
}
