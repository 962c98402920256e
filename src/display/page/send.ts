/**
 * Sends a test event to a sink, and reads the answer as the page shows it.
 *
 * Only to sinks that the settings name: the browser gives a name, never an address. A redirect is
 * an answer like any other and is not followed, so that a sink cannot point elsewhere either.
 */

import { AdapterError } from '../../errors.ts';
import type { Event, Mode } from '../../event/event.ts';
import { encodeHttp } from '../../event/http-message.ts';
import { escapeValue } from '../escape.ts';
import { type Payload, payloadOf } from './row.ts';

export interface Sink {
  readonly name: string;
  readonly url: URL;
}

export interface SinkAnswer {
  /** Of the event that was sent. */
  readonly id: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBytes: number;
  /** `bodyBytes` are those of the beginning: the rest was not read. */
  readonly isCut: boolean;
  readonly body?: Payload;
  readonly durationMs: number;
}

const timeoutMs = 30_000;
const maxAnswerBytes = 256 * 1024;
const maxHeaders = 64;
const maxHeaderLength = 1_024;

/** @throws AdapterError where the sink gives no answer, or none in time */
export async function sendTestEvent(sink: Sink, event: Event, mode: Mode): Promise<SinkAnswer> {
  const { headers, body } = encodeHttp(event, mode);
  const started = performance.now();
  try {
    const response = await fetch(sink.url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'seldon-eventing display' },
      // A view on memory of any kind: fetch's types want to know which.
      body: body === undefined ? null : Buffer.from(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { bytes, isCut } = await read(response.body);
    const contentType = response.headers.get('content-type') ?? undefined;
    return {
      id: escapeValue(event.id),
      status: response.status,
      statusText: escapeValue(response.statusText.slice(0, maxHeaderLength)),
      headers: [...response.headers]
        .slice(0, maxHeaders)
        .map(([name, value]) => [name, escapeValue(value.slice(0, maxHeaderLength))]),
      bodyBytes: bytes.length,
      isCut,
      ...(bytes.length > 0 && { body: payloadOf(bytes, contentType) }),
      durationMs: Math.round(performance.now() - started),
    };
  } catch (error) {
    throw asFault(error, sink.name);
  }
}

async function read(body: ReadableStream<Uint8Array> | null) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxAnswerBytes) break;
  }
  const bytes = Buffer.concat(chunks);
  return { bytes: bytes.subarray(0, maxAnswerBytes), isCut: length > maxAnswerBytes };
}

function asFault(error: unknown, sink: string): AdapterError {
  if (error instanceof Error && error.name === 'TimeoutError') {
    const message = `the sink ${sink} did not answer within ${timeoutMs} ms`;
    return new AdapterError('DEADLINE_EXCEEDED', message, { cause: error });
  }
  const { code = 'no answer' } = (error as { cause?: { code?: string } }).cause ?? {};
  const message = `the sink ${sink} gave no answer (${code}); check DISPLAY_SINKS, and that it runs`;
  return new AdapterError('SINK_UNREACHABLE', message, { cause: error });
}
