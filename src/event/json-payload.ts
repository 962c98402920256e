/**
 * The payload's own bytes out of a JSON event: verbatim, out of a string, or out of base64 (JSON
 * format 1.0.2 §3.1.2; JSON format 0.3 §3.1).
 */

import { Buffer } from 'node:buffer';
import { decodeBase64 } from './base64.ts';
import { decodeMimeBase64, takeContentEncoding } from './binary-mode.ts';
import { type Draft, report } from './draft.ts';
import { isJsonType, isUtf8Charset, type MediaType, parseMediaType } from './media-type.ts';
import { quote } from './quote.ts';

/** The members that carry a payload. */
export interface JsonPayload {
  readonly data: { readonly value: unknown; readonly bytes: Uint8Array } | undefined;
  /** The value of `data_base64`, undefined where that is absent or null. */
  readonly base64: unknown;
}

/** The payload, undefined where there is none; its faults go to the draft. */
export function payloadBytes(draft: Draft, payload: JsonPayload): Uint8Array | undefined {
  const isBase64 = takeContentEncoding(draft);
  if (payload.base64 !== undefined) return fromBase64Member(draft, payload);
  const { data } = payload;
  if (data === undefined) return undefined;
  // 0.3: the encoding says nothing where the value is no string.
  if (isBase64 && typeof data.value === 'string') {
    return decoded(draft, 'data', decodeMimeBase64(data.value));
  }
  draft.datacontenttype ??= 'application/json';
  const type = draft.datacontenttype;
  const mediaType = typeof type === 'string' ? parseMediaType(type) : undefined;
  // Without a type that can be read the event is refused anyway.
  if (mediaType === undefined || isJsonType(mediaType)) return data.bytes;
  return typeof data.value === 'string' ? textBytes(draft, mediaType, data.value) : data.bytes;
}

/** 0.3 knows no `data_base64`, and its underscore cannot be in an attribute's name. */
function fromBase64Member(draft: Draft, { data, base64 }: JsonPayload): Uint8Array | undefined {
  if (draft.specversion === '0.3') {
    const advice = 'send data with datacontentencoding "base64"';
    report(draft, 'data_base64', `CloudEvents 0.3 has no member data_base64; ${advice}`);
    return undefined;
  }
  if (data !== undefined) {
    report(draft, 'data', 'both data and data_base64 are there; send one of them');
  }
  return decoded(
    draft,
    'data_base64',
    typeof base64 === 'string' ? decodeBase64(base64) : undefined,
  );
}

function decoded(draft: Draft, member: string, bytes: Uint8Array | undefined) {
  if (bytes === undefined) {
    report(draft, 'data', `${member} is not a string of valid base64 (RFC 4648 section 4, padded)`);
  }
  return bytes;
}

/** Text keeps its bytes only where they are known: in UTF-8, or where ASCII is the same. */
function textBytes(draft: Draft, type: MediaType, text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'utf8');
  if (/\p{Surrogate}/u.test(text)) {
    report(
      draft,
      'data',
      'data is a string with a lone surrogate, which no text encoding can hold',
    );
  } else if (!isUtf8Charset(type) && (bytes.length !== text.length || !extendsAscii(type))) {
    const found = `data is text in charset ${quote(type.charset ?? '')}`;
    report(
      draft,
      'data',
      `${found}, whose bytes a string does not tell; send data_base64 or UTF-8`,
    );
  }
  return bytes;
}

const extendsAscii = ({ charset }: MediaType): boolean =>
  charset?.startsWith('iso-8859-') === true || charset?.startsWith('windows-125') === true;
