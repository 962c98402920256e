/** Reading Kafka record headers, which are bytes from anybody, as text that HTTP can carry. */

import type { Event } from '../event/event.ts';
import type { RecordHeaders } from './record.ts';
import { addEventTrace, isHttpSafe, traceHeaderNames } from './trace-headers.ts';

/**
 * @param name lower case; header names match without regard to case
 * @returns the first value as text; undefined where there is none that HTTP could carry
 */
export function headerText(headers: RecordHeaders, name: string): string | undefined {
  const key = keyOf(headers, name);
  const value = key === undefined ? undefined : headers[key];
  const first = Array.isArray(value) ? value[0] : value;
  if (first === undefined) return undefined;
  const text = typeof first === 'string' ? first : Buffer.from(first).toString('utf8');
  return isHttpSafe(text) ? text : undefined;
}

function keyOf(headers: RecordHeaders, name: string): string | undefined {
  if (Object.hasOwn(headers, name)) return name;
  for (const key of Object.keys(headers)) {
    if (key.length === name.length && key.toLowerCase() === name) return key;
  }
  return undefined;
}

/** Trace headers for the predictor: the record's own, else the event's extensions. */
export function headersForPredictor(headers: RecordHeaders, event: Event | undefined): string[] {
  const result: string[] = [];
  for (const key of Object.keys(headers)) {
    const name = key.toLowerCase();
    // A name may stand there in several spellings.
    if (!traceHeaderNames.has(name) || result.includes(name)) continue;
    const value = headerText(headers, name);
    if (value !== undefined) result.push(name, value);
  }
  if (event !== undefined) addEventTrace(result, event);
  return result;
}
