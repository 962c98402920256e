/** What a sink's HTTP answer means, on one line. Pure. */

import { decodeHttp } from '../event/http-message.ts';
import type { Sent } from './sink.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Alternating names and values. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** @returns the line for the message that the output calls `label` */
export function describeAnswer(label: string, answer: HttpAnswer): Sent {
  const { status, body } = answer;
  if (status < 200 || status > 299) {
    return { ok: false, line: `failed ${label}: ${status}, ${problemOf(body)}` };
  }
  return { ok: true, line: `sent ${label}: ${status}, ${replyOf(answer)}` };
}

function replyOf({ rawHeaders, body }: HttpAnswer): string {
  const message = decodeHttp(rawHeaders, body);
  switch (message.kind) {
    case 'event':
      return `reply ${message.event.type} ${message.event.id}`;
    case 'batch':
      return `reply of ${message.events.length} events`;
    case 'refused': {
      const reasons = message.problems.map(({ reason }) => reason).join('; ');
      return `and a reply that is no valid CloudEvent: ${oneLine(reasons)}`;
    }
    case 'none':
      return body.length === 0 ? 'no reply' : `no event, but ${oneLine(textOf(body))}`;
  }
}

/** The `detail` of problem details, else whatever was answered. */
function problemOf(body: Uint8Array): string {
  const text = textOf(body);
  const { detail } = jsonObject(text) as { detail?: unknown };
  if (typeof detail === 'string' && detail !== '') return oneLine(detail);
  return text === '' ? 'no explanation' : oneLine(text);
}

function jsonObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);

const maxCharacters = 500;

/** Without line ends and what a terminal would obey. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{C}]+/gu, ' ').trim();
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters)}…` : line;
}
