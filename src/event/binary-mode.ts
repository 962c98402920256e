/**
 * What binary mode means on every transport: the payload is the message's own bytes, and its
 * media type is the transport's content type (HTTP binding §3.1, Kafka binding §3.2).
 *
 * R1 The data is the very array that was handed in: not copied, not parsed.
 * R2 datacontenttype among the attributes is refused unless it repeats the content type.
 * R3 In 0.3, datacontentencoding base64 is undone; in 1.0 that name is an extension's.
 */

import { decodeBase64 } from './base64.ts';
import { type Draft, report } from './draft.ts';
import type { Decoded } from './event.ts';
import { quote } from './quote.ts';
import { asBuffer } from './utf8.ts';
import { finishDraft, type Spelling } from './validation.ts';

/** The event of a binary-mode message whose attributes are in the draft. */
export function finishBinary(
  draft: Draft,
  contentType: string | undefined,
  body: Uint8Array | undefined,
  spelling: Spelling,
): Decoded {
  const claimed = draft.datacontenttype;
  if (claimed !== undefined && claimed !== contentType) {
    const there = contentType === undefined ? 'is absent' : `says ${quote(contentType)}`;
    const reason = `${spelling('datacontenttype')} says ${quote(String(claimed))} and Content-Type ${there}; in binary mode send Content-Type alone`;
    report(draft, 'datacontenttype', reason);
  }
  draft.datacontenttype = contentType;
  const isBase64 = takeContentEncoding(draft);
  const data = isBase64 && body !== undefined ? decodeBody(draft, body) : body;
  return finishDraft(draft, 'binary', data, spelling);
}

/**
 * Takes 0.3's datacontentencoding out of the draft, since an event's data are bytes and never
 * encoded; true where it says base64 (CloudEvents 0.3, "datacontentencoding"; RFC 2045 §6.1).
 */
export function takeContentEncoding(draft: Draft): boolean {
  const encoding = draft.attributes.get('datacontentencoding');
  if (encoding === undefined || draft.specversion !== '0.3') return false;
  draft.attributes.delete('datacontentencoding');
  if (typeof encoding === 'string' && encoding.toLowerCase() === 'base64') return true;
  const reason = `datacontentencoding is ${quote(String(encoding))}; base64 is supported`;
  report(draft, 'datacontentencoding', reason);
  return false;
}

/** RFC 2045 §6.8, to which 0.3 refers, breaks base64 into lines; nothing else is skipped. */
export const decodeMimeBase64 = (text: string): Uint8Array | undefined =>
  decodeBase64(/[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, '') : text);

function decodeBody(draft: Draft, body: Uint8Array): Uint8Array | undefined {
  const data = decodeMimeBase64(asBuffer(body).toString('latin1'));
  if (data === undefined) {
    report(draft, 'data', 'datacontentencoding is base64, but the data are not valid base64');
  }
  return data;
}
