/** What a walk knows at one place of a graph: values, handed down and back. */

import type { Message, Unit } from './message.ts';
import { joined, type Meta, newMetrics } from './meta.ts';
import type { GraphNode } from './node.ts';

/** A message, the meta in it, the meta of all that led to it, and the node that it came from. */
export interface State {
  readonly message: Message;
  readonly own: Meta;
  readonly meta: Meta;
  /** Undefined: it is the caller's own request. */
  readonly from: GraphNode | undefined;
}

/**
 * The state after a node has answered.
 * @param sent what the answer was made of
 * @param before the meta of all that led to it
 * @param own the meta in the answer
 */
export function answeredBy(
  unit: Unit,
  sent: readonly State[],
  before: Meta,
  message: Message,
  own: Meta,
): State {
  const metrics = newMetrics(
    own.metrics,
    sent.flatMap((state) => state.own.metrics),
  );
  const path = joined(before.requestPath, own.requestPath);
  return {
    message,
    own,
    meta: {
      puid: before.puid ?? own.puid,
      tags: joined(before.tags, own.tags),
      metrics: [...before.metrics, ...metrics],
      routing: joined(before.routing, own.routing),
      requestPath: withNode(path, unit),
      others: own.others,
    },
    from: unit.node,
  };
}

/** The path with one node more: its image, else what it says of itself. */
export function withNode(
  path: ReadonlyMap<string, string>,
  { node, image }: Unit,
): ReadonlyMap<string, string> {
  const told = image === undefined ? path.get(node.name) : JSON.stringify(image);
  return new Map([...path, [node.name, told ?? '""']]);
}

/** The meta of several children, after that of what was before them. */
export function metaOfAll(before: Meta, states: readonly State[]): Meta {
  const metas = states.map(({ meta }) => meta);
  const all = (name: 'tags' | 'routing' | 'requestPath') =>
    metas.reduce((sum, meta) => joined(sum, meta[name]), before[name]);
  return {
    puid: before.puid ?? metas.find(({ puid }) => puid !== undefined)?.puid,
    tags: all('tags'),
    metrics: [...before.metrics, ...metas.flatMap(({ metrics }) => metrics)],
    routing: all('routing'),
    requestPath: all('requestPath'),
    others: metas[0]?.others ?? before.others,
  };
}
