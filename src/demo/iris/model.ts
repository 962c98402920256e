/**
 * The iris model: a row of four measurements in, one probability for each species out.
 * Pure; the numbers it was fitted to are in coefficients.ts.
 */

import { featureNames, intercepts, weights } from './coefficients.ts';

/** Rows that the model can take, or why it cannot. */
export type CheckedRows =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly number[])[] }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Softmax of the linear scores: one probability for each of `classNames`, summing to 1.
 * Takes a row that {@link checkRows} let through.
 */
export function predictProbabilities(row: readonly number[]): number[] {
  const scores = weights.map((classWeights, k) =>
    classWeights.reduce((sum, weight, i) => sum + weight * (row[i] ?? 0), intercepts[k] ?? 0),
  );
  // The largest score is taken off first, so that exp() cannot overflow for huge measurements.
  const largest = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - largest));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
}

/** The index of the likeliest species. */
export function likeliestClass(probabilities: readonly number[]): number {
  return probabilities.indexOf(Math.max(...probabilities));
}

/** Lets through a list of at least one row of exactly four numbers. */
export function checkRows(value: unknown): CheckedRows {
  if (!Array.isArray(value)) return refused('the input is not a list of rows');
  if (value.length === 0) return refused('the input holds no rows');
  for (const [i, row] of value.entries()) {
    if (!Array.isArray(row)) return refused(`row ${i} is not a list of numbers`);
    if (row.length !== featureNames.length) {
      return refused(`row ${i} has ${row.length} features, expected ${featureNames.length}`);
    }
    if (!row.every(isMeasurement)) {
      return refused(`row ${i} holds something that is not a number, or is out of range`);
    }
  }
  return { kind: 'rows', rows: value };
}

/** Cuts a flat list of values into the rows that a shape `[n, 4]` describes, then checks them. */
export function rowsOfShape(shape: unknown, values: unknown): CheckedRows {
  const width = featureNames.length;
  if (!Array.isArray(shape) || shape.length !== 2 || shape[1] !== width) {
    return refused(`the shape is not [n, ${width}]`);
  }
  if (!Array.isArray(values) || values.length !== shape[0] * width) {
    return refused('the number of values does not fit the shape');
  }
  const rows = Array.from({ length: values.length / width }, (_, i) =>
    values.slice(i * width, (i + 1) * width),
  );
  return checkRows(rows);
}

// One more bound than finite: four products of it and a weight must stay finite as well.
const isMeasurement = (value: unknown): boolean =>
  typeof value === 'number' && Math.abs(value) <= 1e300;

const refused = (reason: string): CheckedRows => ({ kind: 'refused', reason });
