/**
 * Media types (RFC 2046; grammar of RFC 9110 §8.3.1): their shape, and what they say about an
 * event's envelope and payload.
 *
 * R1 Type, subtype and parameter names are compared without regard to case.
 * R2 Parameters do not decide the kind of content: JSON format §3.1.1, HTTP binding §3.
 */

import { quote } from './quote.ts';

export interface MediaType {
  /** `type/subtype` in lower case, without parameters. */
  readonly essence: string;
  /** The charset parameter in lower case, without quotes. */
  readonly charset: string | undefined;
}

const essenceShape = /^[!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+$/;
/** One parameter after its semicolon; RFC 9110 §5.6.6 lets it be empty. */
const parameterShape =
  /[ \t]*(?:;|$|([!#$%&'*+\-.^_`|~\w]+)=([!#$%&'*+\-.^_`|~\w]+|"(?:[^"\\]|\\.)*")[ \t]*(?:;|$))/y;

/** RFC 6838 §4.2 allows 255 characters for type and subtype; beyond this nobody means a type. */
const maxLength = 4096;

/** The parts of a media type, or undefined where the text is none. */
export function parseMediaType(text: string): MediaType | undefined {
  // What most events carry.
  if (text === 'application/json') return { essence: text, charset: undefined };
  if (text.length > maxLength) return undefined;
  const essence = essenceOf(text);
  if (!essenceShape.test(essence) || /[^\t\x20-\x7e]/.test(text)) return undefined;
  let charset: string | undefined;
  parameterShape.lastIndex = semicolonIn(text) + 1;
  while (parameterShape.lastIndex < text.length) {
    const parameter = parameterShape.exec(text);
    if (parameter === null) return undefined;
    const [, name, value] = parameter;
    if (name?.toLowerCase() === 'charset') charset ??= unquoted(value ?? '').toLowerCase();
  }
  return { essence, charset };
}

const semicolonIn = (text: string): number => {
  const semicolon = text.indexOf(';');
  return semicolon === -1 ? text.length : semicolon;
};

const essenceOf = (text: string): string => text.slice(0, semicolonIn(text)).trim().toLowerCase();

const unquoted = (value: string): string =>
  value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;

/** JSON format §3.1.1: a type with subtype `json`, or with the suffix `+json`. */
export const isJsonType = ({ essence }: MediaType): boolean =>
  essence.endsWith('/json') || essence.endsWith('+json');

/** Types whose content is text, and so stands readable in a JSON envelope. */
export const isTextType = ({ essence }: MediaType): boolean =>
  essence.startsWith('text/') || essence.endsWith('/xml') || essence.endsWith('+xml');

/** Whether text in this charset has the bytes that UTF-8 has. */
export const isUtf8Charset = ({ charset }: MediaType): boolean =>
  charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';

export const structuredType = 'application/cloudevents+json; charset=utf-8';
export const batchType = 'application/cloudevents-batch+json; charset=utf-8';

export type Envelope =
  | { readonly kind: 'binary' | 'structured' | 'batch' }
  | { readonly kind: 'unsupported'; readonly reason: string };

const binary: Envelope = { kind: 'binary' };
const prefix = 'application/cloudevents';

/** How an event stands under this content type: HTTP binding §3, Kafka binding §3. */
export function envelopeOf(contentType: string | undefined): Envelope {
  if (contentType === undefined || contentType.length < prefix.length) return binary;
  if (contentType.slice(0, prefix.length).toLowerCase() !== prefix) return binary;
  const charset = parseMediaType(contentType)?.charset;
  if (charset !== undefined && charset !== 'utf-8') {
    const reason = `the envelope's charset is ${quote(charset)}; JSON events are UTF-8: leave the charset out or send charset=utf-8`;
    return { kind: 'unsupported', reason };
  }
  switch (essenceOf(contentType)) {
    case 'application/cloudevents':
    case 'application/cloudevents+json':
      return { kind: 'structured' };
    case 'application/cloudevents-batch':
    case 'application/cloudevents-batch+json':
      return { kind: 'batch' };
    default: {
      const reason = `the event format ${quote(contentType)} is not supported; send application/cloudevents+json or application/cloudevents-batch+json, or binary mode`;
      return { kind: 'unsupported', reason };
    }
  }
}
