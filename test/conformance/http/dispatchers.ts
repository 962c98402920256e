/**
 * Knative's two dispatchers as readers of an answer: what each does next with the event that it
 * delivered. From knative.dev/eventing's pkg/kncloudevents (in-memory and multi-tenant brokers) and
 * eventing-kafka-broker's WebClientCloudEventSender and RecordDispatcherImpl.
 */

import type { Answer } from '../../support/adapter.ts';

/** What a dispatcher does next, in a word or two; a table prints it. */
export type Next = string;

const isRetried = (status: number): boolean =>
  status >= 500 || [404, 408, 409, 429].includes(status);

/** The type of the event that an answer is; undefined where it is none. */
function eventType({ headers, body, text }: Answer): string | undefined {
  const isBinary = ['specversion', 'id', 'source', 'type'].every((n) => `ce-${n}` in headers);
  if (isBinary) return String(headers['ce-type']);
  const type = String(headers['content-type'] ?? '');
  if (!type.startsWith('application/cloudevents') || body.length === 0) return undefined;
  const [event] = [JSON.parse(text)].flat() as { readonly type?: unknown }[];
  return typeof event?.type === 'string' ? event.type : undefined;
}

const routes = (type: string): Next => `routes ${type.slice(type.lastIndexOf('.') + 1)}`;

/** Takes an event out of any 2xx, and drops whatever else is in one without a word. */
export function goDispatcher(answer: Answer): Next {
  const { status, headers, body } = answer;
  if (isRetried(status)) {
    const wait = status === 429 || status === 503 ? headers['retry-after'] : undefined;
    return wait === undefined ? 'retries' : `retries in ${wait} s`;
  }
  if (status < 200 || status > 299) return 'dead-letters';
  const type = eventType(answer);
  if (type !== undefined) return routes(type);
  return body.length === 0 ? 'is done' : 'LOSES THE ANSWER';
}

/** Fails a delivery whose 2xx has a body that is no event; knows no Retry-After. */
export function kafkaDispatcher(answer: Answer): Next {
  const { status, body } = answer;
  if (isRetried(status)) return 'retries';
  if (status < 200 || status > 299) return 'dead-letters';
  const type = eventType(answer);
  if (type !== undefined) return routes(type);
  return body.length === 0 ? 'is done' : 'FAILS THE DELIVERY';
}

/** The attributes that the Kafka broker adds to a dead letter: every `Kne-` header of the answer. */
export const deadLetterAttributes = ({ headers }: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('kne-') ? [[name.slice('kne-'.length), String(value)]] : [],
    ),
  );
