/** What goes into a graph and what comes out of it. */

import type { Unit } from './message.ts';

/** Descriptions of what a node takes and answers. */
export interface Ends<Described> {
  readonly inputs: Described;
  readonly outputs: Described;
}

/**
 * As Seldon's executor derives it: of several children the first stands for all.
 * @param endsOf those of a node by its name
 */
export function endsOfGraph<Described>(
  { node, steps, children }: Unit,
  endsOf: (node: string) => Ends<Described>,
): Ends<Described> {
  const own = endsOf(node.name);
  const [first] = children;
  if (first === undefined) return own;
  const below = endsOfGraph(first, endsOf);
  const isFirst = steps.before !== undefined;
  const isLast = steps.after !== undefined || steps.combine === 'call';
  return {
    inputs: (isFirst ? own : below).inputs,
    outputs: (isLast ? own : below).outputs,
  };
}
