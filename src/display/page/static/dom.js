/**
 * The few ways in which this page makes elements. Whatever came with an event goes in as a text
 * node or as an attribute that is no address and no script: never as markup.
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{ class?: string, text?: string, [attribute: string]: string | undefined }} [given]
 * @param {readonly Node[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, given = {}, children = []) {
  const element = document.createElement(tag);
  const { text, ...attributes } = given;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/**
 * The element of index.html with this id.
 * @template {Element} Type
 * @param {string} id
 * @param {new () => Type} type
 * @returns {Type}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} "${id}"`);
  return element;
}

/**
 * Names and values, as the children of a `dl`.
 * @param {readonly (readonly [name: string, value: string])[]} pairs
 */
export const pairs = (pairs) =>
  pairs.map(([name, value]) =>
    make('div', {}, [make('dt', { text: name }), make('dd', { text: value, dir: 'ltr' })]),
  );

/**
 * Text with its line breaks, which scrolls by itself, by keyboard too.
 * @param {string} text
 * @param {string} label
 */
export const textBlock = (text, label) =>
  make('pre', {
    class: 'payload',
    dir: 'ltr',
    tabindex: '0',
    role: 'region',
    'aria-label': label,
    text,
  });

/**
 * A payload that the server escaped and cut.
 * @param {{ form: string, text: string } | undefined} payload
 */
export const payloadText = (payload) =>
  payload === undefined ? '' : payload.form === 'text' ? payload.text : `base64: ${payload.text}`;

const number = new Intl.NumberFormat('en-GB');

/** @param {number} value */
export const count = (value) => number.format(value);

/**
 * @param {number} value
 * @param {string} one
 */
export const countOf = (value, one) => `${count(value)} ${one}${value === 1 ? '' : 's'}`;

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return countOf(bytes, 'byte');
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** @param {number} ms */
export const duration = (ms) =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
