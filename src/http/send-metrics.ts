/** Metrics, in the format that the reader asks for. */

import type { FastifyReply, FastifyRequest } from 'fastify';

/** @param accept the reader's `Accept` */
export type ExposeMetrics = (
  accept: string | undefined,
) => Promise<{ readonly contentType: string; readonly text: string }>;

/** Answers a scrape. */
export async function sendMetrics(
  request: FastifyRequest,
  reply: FastifyReply,
  expose: ExposeMetrics,
): Promise<void> {
  const { contentType, text } = await expose(request.headers.accept);
  await reply.header('content-type', contentType).header('vary', 'accept').send(text);
}
