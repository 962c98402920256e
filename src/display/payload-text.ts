/** The payload of an event as people can read it. Pure. */

import { isJsonType, isTextType, parseMediaType } from '../event/media-type.ts';
import { utf8Text } from '../event/utf8.ts';
import { indentJson } from './indent-json.ts';

/** The data as text, where it is text: said to be, or without a control character in it. */
export function textOf(data: Uint8Array, contentType: string | undefined): string | undefined {
  const text = utf8Text(data);
  if (text === undefined) return undefined;
  const mediaType = parseMediaType(contentType ?? 'application/json');
  const isSaidToBe = mediaType !== undefined && (isJsonType(mediaType) || isTextType(mediaType));
  return isSaidToBe || !/[^\P{Cc}\t\r\n]/u.test(text) ? text : undefined;
}

/** JSON laid out on several lines; any other text as it is. */
export function indentedWhereJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return indentJson(text.trim());
}
