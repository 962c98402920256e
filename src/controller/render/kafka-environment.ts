/** The variables that a predictor's `svcOrchSpec` gives its adapter, as far as they can be known here. */

import type { EnvVar, Predictor } from './seldon-deployment.ts';

export type ValueSource = NonNullable<EnvVar['valueFrom']>;

/** One variable that is set; empty ones are left out, since empty means unset. */
export interface Variable {
  readonly name: string;
  /** Undefined where only the pod will know: by `valueFrom`, or out of a variable that is not ours. */
  readonly text: string | undefined;
  /** The text as it is written: with `$(NAME)` of other variables in it. */
  readonly written: string | undefined;
  /** Where it comes from, if not from a text. */
  readonly from: ValueSource | undefined;
  /** Its place in `svcOrchSpec.env`. */
  readonly index: number;
}

export type Environment = ReadonlyMap<string, Variable>;

/** Reads `svcOrchSpec.env`. Of a name given twice the last counts, as in a pod. */
export function environmentOf(predictor: Predictor): Environment {
  const variables = new Map<string, Variable>();
  predictor.svcOrchSpec?.env?.forEach((given, index) => {
    const variable = variableOf(given, index, variables);
    if (variable === undefined) variables.delete(given.name);
    else variables.set(given.name, variable);
  });
  return variables;
}

function variableOf(given: EnvVar, index: number, before: Environment): Variable | undefined {
  const { name, value = '', valueFrom } = given;
  if (value.trim() !== '') {
    const written = value.trim();
    return { name, text: expand(written, before), written, from: undefined, index };
  }
  if (valueFrom === undefined) return undefined;
  return { name, text: undefined, written: undefined, from: valueFrom, index };
}

/**
 * Puts in `$(NAME)` of variables before it, as Kubernetes does; `$$` stands for `$`.
 * @returns undefined where one is not known here: it may be a Service's, which the pod will have
 */
function expand(value: string, before: Environment): string | undefined {
  let known = true;
  const text = value.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    const replacement = before.get(name)?.text;
    known &&= replacement !== undefined;
    return replacement ?? match;
  });
  return known ? text : undefined;
}

/** The place of a predictor, for messages: `spec.predictors[0]`. */
export const predictorField = (predictors: readonly Predictor[], predictor: Predictor): string =>
  `spec.predictors[${predictors.findIndex(({ name }) => name === predictor.name)}]`;
