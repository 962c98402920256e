/** Which models may be called more than once for a request, and what follows for them. */

import { nodesOf } from '../graph/node.ts';
import type { EnginePredictor } from './predictor.ts';
import { list, milliseconds, type SettingGroup, type ValuesOf } from './setting.ts';

export const repeatableSettings = {
  repeatableNodes: {
    env: 'REPEATABLE_NODES',
    schema: list,
    doc: 'Nodes of the graph, by name, whose predictions may be made more than once for a request, since a call more changes nothing; `*` is all of them, and the one where there is no graph. A call of these is also repeated (CALL_RETRIES) where it failed midway: connection lost, own time over, 408, 425, 5xx other than 501. Feedback never is.',
  },
  hedgeAfterMs: {
    env: 'HEDGE_AFTER_MS',
    schema: milliseconds(0),
    fallback: '0',
    doc: 'A call of one of REPEATABLE_NODES that has no answer after so long is made a second time beside it, and the first success counts; at most a tenth of the calls are. 0: never.',
  },
} as const satisfies SettingGroup;

type Values = ValuesOf<typeof repeatableSettings>;

/** Whether calls of the node may be made again; `''` is the one model without a name. */
export const isRepeatable = ({ repeatableNodes }: Values, node: string): boolean =>
  repeatableNodes?.some((name) => name === '*' || name === node) ?? false;

/** What is wrong with the settings alone. */
export const hedgeProblem = ({ repeatableNodes, hedgeAfterMs }: Values): string | undefined =>
  hedgeAfterMs > 0 && repeatableNodes === undefined
    ? 'HEDGE_AFTER_MS calls models twice: name in REPEATABLE_NODES those that may be (`*`: all)'
    : undefined;

/** Names that no node has. */
export function unknownNodes(
  { repeatableNodes }: Values,
  engine: EnginePredictor | undefined,
): string | undefined {
  const known = engine === undefined ? [] : nodesOf(engine.graph.root).map(({ name }) => name);
  const unknown = repeatableNodes?.filter((name) => name !== '*' && !known.includes(name)) ?? [];
  if (unknown.length === 0) return undefined;
  const names = known.length === 0 ? '* (there is no graph)' : `* or ${known.join(', ')}`;
  return `REPEATABLE_NODES: there is no node ${unknown.join(', ')}; write ${names}`;
}
