/** What the benchmarks send, and what the predictor answers. */

/** The request of Seldon's documents. */
const iris = '{"data":{"ndarray":[[1,2,3,4]]}}';

/** The size of a CIFAR-10 image as JSON: 32 × 32 × 3 numbers, 13 KB. */
const image = JSON.stringify({
  data: { ndarray: [Array.from({ length: 32 * 32 * 3 }, (_, i) => ((i * 7) % 20) / 20)] },
});

export const payloads = { iris: Buffer.from(iris), '13KB': Buffer.from(image) } as const;
export type PayloadName = keyof typeof payloads;
export const payloadNames = Object.keys(payloads) as PayloadName[];

/** The documented headers of a CloudEvent around them. */
export const eventHeaders: Readonly<Record<string, string>> = {
  'Ce-Id': '536808d3-88be-4077-9d7a-a3f162705f79',
  'Ce-Specversion': '0.3',
  'Ce-Type': 'seldon.iris-deployment.default.request',
  'Ce-Source': 'seldon.examples.streaming.curl',
  'Content-Type': 'application/json',
};

const probabilities = '[0.0006985194531162841,0.00366803903943576,0.995633441507448]';

/** What an iris model answers for so many rows. */
export const predictionOf = (rows: number): string =>
  `{"data":{"names":["t:0","t:1","t:2"],"ndarray":[${Array(rows).fill(probabilities).join(',')}]},"meta":{}}`;

/** Likewise for one. */
export const prediction = predictionOf(1);
