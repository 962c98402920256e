/**
 * The pages that look on, each over a stream of server-sent events.
 *
 * V1 A viewer has no queue of its own but a place in what is held. Whoever falls behind is told the
 *    newest events, and how many it missed; memory is bounded whatever arrives.
 * V2 Nothing is written to a connection that has not taken what it was given (V1 applies to it).
 * V3 Events are told ten times a second at most, in one message; pages at the same place share it.
 */

import type { ServerResponse } from 'node:http';
import type { HeldEvents } from './held-events.ts';
import { rowOf } from './row.ts';
import { encodeSse, sseKeepAlive } from './sse.ts';

export interface ViewersOptions {
  readonly held: HeldEvents;
  /** Tells this run of the process from others: numbers of events begin anew with each. */
  readonly run: string;
  readonly maxViewers: number;
  /** What a page is told first, as JSON. */
  readonly hello: () => string;
  /** Called when the first one comes, and when the last one has gone. */
  readonly onWatched: (isWatched: boolean) => void;
}

export interface Viewers {
  /**
   * Takes over a response whose head has been written.
   * @param after number of the last event that the page has; undefined for a new page
   */
  readonly add: (response: ServerResponse, after: number | undefined) => void;
  readonly isFull: () => boolean;
  readonly count: () => number;
  /** Tells all of them something beside the events, and those who come later the last of it. */
  readonly tell: (event: string, json: string) => void;
  readonly close: () => void;
}

interface Viewer {
  readonly response: ServerResponse;
  /** Number of the last event that it was told of, or that it missed. */
  place: number;
  quietTicks: number;
  stuckTicks: number;
}

const tickMs = 100;
const maxRowsPerMessage = 1_000;
const maxMessageLength = 512 * 1024;
const maxUnsentBytes = 1024 * 1024;
const keepAliveTicks = 150;
/** A connection that has taken nothing for so long is nobody's. */
const maxStuckTicks = 600;

export function createViewers(options: ViewersOptions): Viewers {
  const { held, run, maxViewers, hello, onWatched } = options;
  const viewers = new Set<Viewer>();
  const lastTold = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;

  const remove = (viewer: Viewer) => {
    if (!viewers.delete(viewer) || viewers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    lastTold.clear();
    onWatched(false);
  };
  const tick = () => {
    const messages = new Map<number, string>();
    for (const viewer of viewers) {
      if (viewer.response.writableLength > maxUnsentBytes) {
        viewer.stuckTicks += 1;
        if (viewer.stuckTicks > maxStuckTicks) viewer.response.destroy();
        continue;
      }
      viewer.stuckTicks = 0;
      tellNews(viewer, messages);
    }
  };
  /** @param messages what was made for others at the same time, by their place */
  const tellNews = (viewer: Viewer, messages: Map<number, string>) => {
    const { place, response } = viewer;
    const last = held.last();
    if (place === last) {
      viewer.quietTicks += 1;
      if (viewer.quietTicks % keepAliveTicks === 0) response.write(sseKeepAlive);
      return;
    }
    const message = messages.get(place) ?? newsAfter(held, run, place);
    messages.set(place, message);
    response.write(message);
    Object.assign(viewer, { place: last, quietTicks: 0 });
  };

  return {
    add(response, after) {
      const isNew = after === undefined || after > held.last();
      const place = isNew ? held.last() : after;
      const viewer: Viewer = { response, place, quietTicks: 0, stuckTicks: 0 };
      response.once('close', () => remove(viewer));
      response.once('error', () => remove(viewer));
      viewers.add(viewer);
      if (viewers.size === 1) {
        timer = setInterval(tick, tickMs);
        onWatched(true);
      }
      response.write(encodeSse({ event: 'hello', data: hello() }));
      for (const [event, data] of lastTold) response.write(encodeSse({ event, data }));
      if (isNew) response.write(newsAfter(held, run, 0, true));
      else tellNews(viewer, new Map());
    },
    isFull: () => viewers.size >= maxViewers,
    count: () => viewers.size,
    tell(event, data) {
      if (viewers.size === 0) return;
      lastTold.set(event, data);
      const message = encodeSse({ event, data });
      for (const { response } of viewers) {
        if (response.writableLength <= maxUnsentBytes) response.write(message);
      }
    },
    close() {
      for (const viewer of [...viewers]) {
        viewer.response.destroy();
        remove(viewer);
      }
    },
  };
}

/** One message with the newest events after `place`, oldest first, as far as they fit. */
function newsAfter(held: HeldEvents, run: string, place: number, isNew = false): string {
  const last = held.last();
  const oldest = Math.max(place + 1, held.first(), last - maxRowsPerMessage + 1);
  const rows: string[] = [];
  let length = 0;
  for (let number = last; number >= oldest; number -= 1) {
    const event = held.get(number);
    if (event === undefined) break;
    const row = JSON.stringify(rowOf(event));
    length += row.length;
    if (length > maxMessageLength && rows.length > 0) break;
    rows.push(row);
  }
  // A new page has missed nothing: it begins with the newest of what is held.
  const missed = isNew ? 0 : last - place - rows.length;
  const data = `{"total":${last},"missed":${missed},"rows":[${rows.reverse().join(',')}]}`;
  return encodeSse({ event: 'rows', id: `${run}.${last}`, data });
}
