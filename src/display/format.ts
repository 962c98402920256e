/**
 * A CloudEvent as lines of text, in the form of Knative's event_display, so that what people know
 * and grep for stays the same. Pure.
 *
 * 1. Nothing that the sender chose begins a line: values and data stand after two blanks.
 * 2. Everything that the sender chose is escaped (escape.ts), and bounded in length.
 */

import type { AttributeValue, Event } from '../event/event.ts';
import { asBuffer } from '../event/utf8.ts';
import { escapeLines, escapeValue } from './escape.ts';
import { indentedWhereJson, textOf } from './payload-text.ts';

/** JSON above this size is shown as it was sent: laid out, it would fill many screens. */
const maxIndentedBytes = 16 * 1024;
/** Of text above this size only the beginning is shown. */
const maxTextBytes = 64 * 1024;
/** Longer attribute values are cut. */
const maxValueLength = 4096;
/** So much of data that is no text is shown, in base64. */
const binaryHeadBytes = 96;

/** Attributes of the specification beside the required ones, 1.0 and 0.3; all else is extension. */
const beforeId = ['subject'];
const afterId = ['time', 'dataschema', 'schemaurl'];

/** The lines of one event, the last of them without a line end. */
export function formatEvent(event: Event): string[] {
  const { specversion, type, source, id, datacontenttype, attributes, data } = event;
  const known = (names: readonly string[]) =>
    names.map((name) => attributeLine(name, attributes.get(name)));
  const extensions = [...attributes.keys()]
    .filter((name) => !beforeId.includes(name) && !afterId.includes(name))
    .sort();
  const context = [
    attributeLine('specversion', specversion),
    attributeLine('type', type),
    attributeLine('source', source),
    ...known(beforeId),
    attributeLine('id', id),
    ...known(afterId),
    attributeLine('datacontenttype', datacontenttype),
  ].flat();
  const extensionLines =
    extensions.length === 0 ? [] : ['Extensions,', ...known(extensions).flat()];
  return [
    '☁️  cloudevents.Event',
    'Validation: valid',
    'Context Attributes,',
    ...context,
    ...extensionLines,
    ...(data === undefined ? [] : dataLines(data, datacontenttype)),
  ];
}

function attributeLine(name: string, value: AttributeValue | undefined): string[] {
  if (value === undefined) return [];
  const text = String(value);
  const shown = text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
  return [`  ${escapeValue(name)}: ${escapeValue(shown)}`];
}

function dataLines(data: Uint8Array, contentType: string | undefined): string[] {
  const text = textOf(data, contentType);
  if (text === undefined) {
    const head = asBuffer(data).toString('base64', 0, binaryHeadBytes);
    const more = data.length > binaryHeadBytes ? '…' : '';
    return ['Data (binary),', `  ${data.length} bytes, base64: ${head}${more}`];
  }
  const shown = data.length <= maxIndentedBytes ? indentedWhereJson(text) : text;
  if (data.length <= maxTextBytes) return ['Data,', ...indented(shown)];
  const cut = `… cut: ${data.length} bytes in all`;
  return ['Data,', ...indented(shown.slice(0, maxTextBytes)), `  ${cut}`];
}

const indented = (text: string): string[] => escapeLines(text).map((line) => `  ${line}`);
