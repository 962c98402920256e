/**
 * What an entry of `spec.predictors[]` says of itself beside its graph: what dashboards tell
 * predictors and models apart by.
 */

import { Buffer } from 'node:buffer';

export interface PredictorFacts {
  /** The annotation `version`; empty where there is none. */
  readonly version: string;
  /** What each container runs, by its name, which is that of its graph node. */
  readonly images: ReadonlyMap<string, ModelImage>;
}

export interface ModelImage {
  readonly name: string;
  /** Tag or digest; empty where there is none. */
  readonly version: string;
}

export const noFacts: PredictorFacts = { version: '', images: new Map() };

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** @param entry an entry of `spec.predictors[]`; what is not as it should be counts as not there */
export function predictorFacts(entry: unknown): PredictorFacts {
  const { version } = fieldsOf(fieldsOf(entry)['annotations']);
  const images = new Map<string, ModelImage>();
  for (const [name, image] of imagesOf(entry)) images.set(name, splitImage(image));
  return { version: typeof version === 'string' ? version : '', images };
}

/** The image of each container by its name; what lacks either is passed over. */
export function imagesOf(entry: unknown): Map<string, string> {
  const images = new Map<string, string>();
  for (const component of listOf(fieldsOf(entry)['componentSpecs'])) {
    for (const container of listOf(fieldsOf(fieldsOf(component)['spec'])['containers'])) {
      const { name, image } = fieldsOf(container);
      if (typeof name === 'string' && typeof image === 'string' && name !== '' && image !== '') {
        images.set(name, image);
      }
    }
  }
  return images;
}

/** A registry's port is not a tag: `registry:5000/iris:1` is `registry:5000/iris` and `1`. */
export function splitImage(image: string): ModelImage {
  const at = image.indexOf('@');
  const reference = at < 0 ? image : image.slice(0, at);
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  const name = colon < 0 ? reference : reference.slice(0, colon);
  const tag = colon < 0 ? '' : reference.slice(colon + 1);
  return { name, version: at < 0 ? tag : image.slice(at + 1) };
}

/** The base64 of a predictor's JSON, as `ENGINE_PREDICTOR` holds it. */
export const encodePredictor = (entry: unknown): string =>
  Buffer.from(JSON.stringify(entry)).toString('base64');

/** @returns the JSON value that {@link encodePredictor} encoded; undefined where it is none */
export function decodePredictor(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}

export type FoundPredictor =
  | { readonly ok: true; readonly entry: unknown }
  | { readonly ok: false; readonly problem: string };

/**
 * Finds the predictor of that name in a SeldonDeployment.
 * @param resource the object as it was read
 */
export function findPredictor(resource: unknown, name: string): FoundPredictor {
  const { kind, spec } = fieldsOf(resource);
  if (kind !== undefined && kind !== 'SeldonDeployment') {
    return { ok: false, problem: 'expected a SeldonDeployment' };
  }
  const predictors = listOf(fieldsOf(spec)['predictors']);
  if (predictors.length === 0) {
    return { ok: false, problem: 'it has no spec.predictors' };
  }
  const entry = predictors.find((one) => fieldsOf(one)['name'] === name);
  if (entry !== undefined) return { ok: true, entry };
  const names = predictors.map((one) => JSON.stringify(fieldsOf(one)['name'] ?? '')).join(', ');
  return { ok: false, problem: `it has no predictor "${name}" (PREDICTOR_ID); it has ${names}` };
}
