/**
 * The page and what it asks for: its files, the stream of events, the export, the payload of one
 * event, and the sending of test events. access.ts says who is answered.
 */

import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AdapterError } from '../../errors.ts';
import type { Event } from '../../event/event.ts';
import { encodeJsonEvent } from '../../event/json-encode.ts';
import { refuse } from '../refuse.ts';
import { type Asked, whyNotOurs, whyNotSent, whyNotShown } from './access.ts';
import { createCauses } from './causes.ts';
import { createHeldEvents, type HeldEvents } from './held-events.ts';
import { type Sink, sendTestEvent } from './send.ts';
import { readStaticFiles, securityHeaders } from './static-files.ts';
import { parseTestEvent } from './test-event.ts';
import { createViewers, type Viewers } from './viewers.ts';
import { createLoadWatch } from './watch-load.ts';

export interface PageOptions {
  /** At least 1. */
  readonly maxEvents: number;
  readonly maxHeldBytes: number;
  /** Names under which others may open the page; without any it is for this machine alone. */
  readonly hosts: readonly string[];
  /** Asked each time, so that they may become known after the start. */
  readonly sinks: () => readonly Sink[];
  readonly metricsUrls: () => readonly URL[];
}

export interface Page {
  /** Shows an event that was received. */
  readonly show: (event: Event) => void;
  readonly close: () => void;
}

const maxViewers = 32;
const maxSends = 4;

/** Adds the page to a server that is not listening yet. */
export async function addPage(app: FastifyInstance, options: PageOptions): Promise<Page> {
  const { hosts, sinks, metricsUrls } = options;
  const held = createHeldEvents({ maxEvents: options.maxEvents, maxBytes: options.maxHeldBytes });
  const causes = createCauses({ maxEvents: 50_000, maxCharacters: 4_000_000 });
  const run = randomUUID().slice(0, 8);
  const load = createLoadWatch({
    urls: metricsUrls,
    onLoad: (told) => viewers.tell('load', JSON.stringify(told)),
  });
  const hello = () =>
    JSON.stringify({
      run,
      maxEvents: options.maxEvents,
      sinks: sinks().map(({ name, url }) => ({ name, url: url.href })),
      hasMetrics: metricsUrls().length > 0,
    });
  const onWatched = (isWatched: boolean) => (isWatched ? load.start() : load.stop());
  const viewers = createViewers({ held, run, maxViewers, hello, onWatched });
  const hold = (event: Event, sentTo?: string) => {
    const receivedAtMs = Date.now();
    const cause = causes.find(event, receivedAtMs);
    causes.note(event, receivedAtMs);
    held.add(event, { receivedAtMs, sentTo, cause });
  };

  const shown =
    (why: (asked: Asked) => string | undefined) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      reply.headers(securityHeaders);
      const { headers, socket } = request.raw;
      const asked = { headers, remoteAddress: socket.remoteAddress };
      const reason = whyNotShown(asked, hosts) ?? why(asked);
      return reason === undefined ? undefined : refuse(reply, 'PAGE_REFUSED', reason);
    };
  const toAnyone = { onRequest: shown(() => undefined) };
  const toPage = { onRequest: shown(whyNotOurs) };

  for (const file of await readStaticFiles()) {
    const isPage = file.name === 'index.html';
    app.get(isPage ? '/' : `/page/${file.name}`, isPage ? toAnyone : toPage, (_request, reply) =>
      reply.type(file.contentType).send(file.content),
    );
  }
  app.get('/page/events', { ...toPage, exposeHeadRoute: false }, (request, reply) =>
    openStream(request, reply, run, viewers),
  );
  app.get('/page/export', toPage, (request, reply) => {
    const { after } = request.query as { after?: unknown };
    const lines = linesAfter(held, Number(after) || 0);
    return reply
      .type('application/jsonl; charset=utf-8')
      .header('Content-Disposition', 'attachment; filename="events.jsonl"')
      .send(Readable.from(lines, { objectMode: false }));
  });
  app.get('/page/payload/:number', toPage, (request, reply) => {
    const { number } = request.params as { number: string };
    const data = held.get(Number(number))?.event.data;
    if (data === undefined) {
      return refuse(reply, 'ROUTE_UNKNOWN', 'this payload is no longer held');
    }
    return reply
      .type('application/octet-stream')
      .header('Content-Disposition', 'attachment; filename="payload.bin"')
      .send(Buffer.from(data));
  });
  let sends = 0;
  app.post('/page/sinks/:name', { onRequest: shown(whyNotSent) }, async (request, reply) => {
    const { name } = request.params as { name: string };
    const sink = sinks().find((one) => one.name === name);
    if (sink === undefined) {
      return refuse(reply, 'ROUTE_UNKNOWN', 'there is no such sink; DISPLAY_SINKS names them');
    }
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const parsed = parseTestEvent(body, randomUUID());
    if (!parsed.ok) {
      const message = 'nothing was sent: put right what is listed';
      return refuse(reply, 'EVENT_INVALID', message, parsed.problems);
    }
    if (sends >= maxSends) {
      return refuse(reply, 'OVERLOADED', 'other test events still wait for their answers');
    }
    sends += 1;
    try {
      hold(parsed.event, name);
      return reply.send(await sendTestEvent(sink, parsed.event, parsed.mode));
    } catch (error) {
      const { code, message } = AdapterError.from(error);
      return refuse(reply, code, message);
    } finally {
      sends -= 1;
    }
  });
  return {
    show: (event) => hold(event),
    close() {
      viewers.close();
      load.stop();
    },
  };
}

function openStream(
  request: FastifyRequest,
  reply: FastifyReply,
  run: string,
  viewers: Viewers,
): FastifyReply {
  if (viewers.isFull()) {
    return refuse(reply, 'OVERLOADED', `${maxViewers} pages look on already; close one of them`);
  }
  const [lastRun, number = ''] = String(request.headers['last-event-id'] ?? '').split('.');
  const after = lastRun === run && /^\d{1,15}$/.test(number) ? Number(number) : undefined;
  reply.hijack();
  reply.raw.writeHead(200, {
    ...securityHeaders,
    'Content-Type': 'text/event-stream; charset=utf-8',
    // Or a proxy would hold the events back.
    'X-Accel-Buffering': 'no',
  });
  viewers.add(reply.raw, after);
  return reply;
}

/** What is held as JSON lines, each a CloudEvent in the JSON format; read as fast as it is taken. */
function* linesAfter(held: HeldEvents, after: number): Generator<Buffer> {
  const last = held.last();
  for (let number = Math.max(after + 1, held.first()); number <= last; number += 1) {
    const event = held.get(number)?.event;
    if (event !== undefined) yield Buffer.concat([oneLine(encodeJsonEvent(event)), newLine]);
  }
}

const newLine = Buffer.from('\n');

/** JSON payloads stand in the envelope as they came, line ends included; these are mere space. */
function oneLine(json: Uint8Array): Uint8Array {
  return json.includes(10) || json.includes(13)
    ? json.map((byte) => (byte === 10 || byte === 13 ? 32 : byte))
    : json;
}
