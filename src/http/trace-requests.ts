/**
 * A span for every request that asks for something to be done. It begins when the headers are there
 * and ends when the answer is written or its connection is gone; what it causes finds it among the
 * request's own headers.
 */

import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Arrival, passesThrough, type Span, type Tracing } from '../delivery/tracing.ts';
import { removeRaw } from './request-parts.ts';

/** Adds hooks to the routes registered from now on. */
export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  const { arrivals, now, start } = tracing;

  const follow = (request: FastifyRequest, reply: FastifyReply, span: Span): void => {
    const { traceparent: parent } = span;
    const state = stateOf(request.raw);
    const arrival: Arrival = { state, receivedMs: now(), workedMs: undefined };
    const startMs = arrival.receivedMs;
    arrivals.set(parent, arrival);
    reply.raw.once('close', () => {
      arrivals.delete(parent);
      if (arrival.receivedMs > startMs) {
        // Told late, so that a request which is refused at once has no such span.
        start({
          name: 'reply',
          kind: 'internal',
          ...{ parent, state },
          startMs: arrival.workedMs ?? now(),
        }).end();
      }
      const { statusCode } = reply;
      const code = reply.getHeader('kne-seldonerrorcode');
      const isFault = statusCode >= 500;
      const isGone = !reply.raw.writableFinished;
      span.end({
        fields: {
          'http.request.method': request.method,
          'http.route': request.routeOptions.url,
          'http.response.status_code': statusCode,
          'url.path': request.url.split('?')[0],
          'url.scheme': request.protocol,
          'seldon.error.code': code === undefined ? undefined : String(code),
        },
        error: isGone ? 'connection closed' : isFault ? String(statusCode) : undefined,
      });
    });
  };

  server.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'POST') {
      const { headers } = request.raw;
      const given = textOf(headers['traceparent']) ?? textOf(headers['ce-traceparent']);
      if (!passesThrough(given, tracing)) {
        const span = start({
          name: `POST ${request.routeOptions.url ?? ''}`.trimEnd(),
          kind: 'server',
          parent: given,
          state: stateOf(request.raw),
        });
        handOn(request.raw, span.traceparent);
        if (span.isRecorded) follow(request, reply, span);
      }
    }
    done();
  });
  server.addHook('preHandler', (request, _reply, done) => {
    if (arrivals.size > 0) {
      const parent = textOf(request.raw.headers['traceparent']) ?? '';
      const arrival = arrivals.get(parent);
      if (arrival !== undefined) {
        const { state, receivedMs: startMs } = arrival;
        start({ name: 'receive', kind: 'internal', parent, state, startMs }).end();
        arrival.receivedMs = now();
      }
    }
    done();
  });
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

const stateOf = ({ headers }: IncomingMessage): string | undefined =>
  textOf(headers['tracestate']) ?? textOf(headers['ce-tracestate']);

/** Node's two forms of the headers, of which one or the other is read on. */
function handOn(raw: IncomingMessage, traceparent: string): void {
  const { headers, rawHeaders } = raw;
  if (headers['traceparent'] !== undefined) removeRaw(rawHeaders, 'traceparent');
  headers['traceparent'] = traceparent;
  rawHeaders.push('traceparent', traceparent);
}
