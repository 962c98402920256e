/**
 * The list of events, newest first.
 *
 * 1. At most `maxShown` rows are in the document and `maxKept` events in memory, whatever arrives.
 * 2. The document is changed at most once in `restMs`, in one go, before a frame is drawn.
 * 3. While it is paused the list stands still; what comes is kept and counted, and shown after.
 * 4. A row that is unfolded stays until the list is cleared or filtered (up to `maxOpen`).
 */

import { makeRow } from './event-row.js';

/** @typedef {import('./connection.js').Row} Row */

const maxShown = 200;
const maxOpen = 20;
const restMs = 200;
const maxCharacters = 24_000_000;
const maxTypes = 100;

/**
 * @typedef {object} Shown
 * @property {number} shown Rows in the list.
 * @property {number} kept Events in memory.
 * @property {number} waiting Events that came while the list was paused.
 * @property {number} lost Those of them that are not kept any more.
 */

/**
 * @param {object} options
 * @param {HTMLOListElement} options.list
 * @param {(types: readonly string[]) => void} options.onTypes Tells the types that are there.
 * @param {(shown: Shown) => void} options.onChange
 */
export function createEventList({ list, onTypes, onChange }) {
  /** Oldest first. @type {Row[]} */
  let kept = [];
  let characters = 0;
  let maxKept = 1_000;
  let lastNumber = 0;
  /** Number of the newest event that the list has taken account of. */
  let shownUpTo = 0;
  let lost = 0;
  /** Number of the event after which the list stands still. */
  let pausedAt = Number.POSITIVE_INFINITY;
  let isDue = false;
  let drawnAt = 0;
  /** @type {(row: Row) => boolean} */
  let isWanted = () => true;
  /** How many of the kept events have a type. @type {Map<string, number>} */
  const types = new Map();
  let typesChanged = false;

  /** @param {Row} row @param {number} by */
  const account = (row, by) => {
    characters += by * weight(row);
    const left = (types.get(row.type) ?? 0) + by;
    if (left === by || left === 0) typesChanged = true;
    if (left > 0) types.set(row.type, left);
    else types.delete(row.type);
  };
  const draw = () => {
    isDue = false;
    drawnAt = performance.now();
    if (typesChanged) onTypes([...types.keys()].sort().slice(0, maxTypes));
    typesChanged = false;
    drawNews(Math.min(lastNumber, pausedAt));
    const waiting = lastNumber - shownUpTo;
    onChange({ shown: list.childElementCount, kept: kept.length, waiting, lost });
  };
  const drawNews = (/** @type {number} */ upTo) => {
    const news = [];
    for (let at = kept.length - 1; at >= 0 && news.length < maxShown; at -= 1) {
      const row = kept[at];
      if (row === undefined || row.number <= shownUpTo) break;
      if (row.number <= upTo && isWanted(row)) news.push(makeRow(row));
    }
    shownUpTo = upTo;
    // Movement shows where something came; of a flood it would only be unrest.
    if (news.length < 4) for (const row of news) row.classList.add('is-new');
    list.prepend(...news);
    trim();
  };
  const trim = () => {
    let excess = list.childElementCount - maxShown;
    let open = 0;
    let row = list.lastElementChild;
    while (row !== null && excess > open) {
      const before = row.previousElementSibling;
      if (open < maxOpen && row.querySelector('details[open]') !== null) open += 1;
      else {
        row.remove();
        excess -= 1;
      }
      row = before;
    }
  };
  const drawSoon = () => {
    if (isDue) return;
    isDue = true;
    const restLeftMs = Math.max(0, restMs - (performance.now() - drawnAt));
    setTimeout(() => requestAnimationFrame(draw), restLeftMs);
  };
  const drawAnew = () => {
    list.replaceChildren();
    shownUpTo = 0;
    draw();
  };

  return {
    /** @param {number} maxEvents How many the server holds. */
    setLimit(maxEvents) {
      maxKept = Math.min(Math.max(maxEvents, 1), 2_000);
    },
    /** @param {readonly Row[]} rows Oldest first. */
    add(rows) {
      for (const row of rows) {
        if (row.number <= lastNumber) continue;
        lastNumber = row.number;
        kept.push(row);
        account(row, 1);
      }
      let surplus = 0;
      while (
        kept.length - surplus > maxKept ||
        (characters > maxCharacters && surplus < kept.length)
      ) {
        const row = kept[surplus];
        surplus += 1;
        if (row === undefined) break;
        account(row, -1);
        if (row.number > pausedAt) lost += 1;
      }
      if (surplus > 0) kept = kept.slice(surplus);
      drawSoon();
    },
    /** @param {boolean} paused */
    pause(paused) {
      pausedAt = paused ? lastNumber : Number.POSITIVE_INFINITY;
      if (paused) lost = 0;
      draw();
    },
    /** Shows what passes, of what is kept. @param {(row: Row) => boolean} wanted */
    filter(wanted) {
      isWanted = wanted;
      drawAnew();
    },
    /** Forgets all that came so far. */
    clear() {
      kept = [];
      characters = 0;
      lost = 0;
      if (Number.isFinite(pausedAt)) pausedAt = lastNumber;
      types.clear();
      typesChanged = true;
      drawAnew();
    },
    /** The server began anew, and so do its numbers. */
    restart() {
      lastNumber = 0;
      this.clear();
    },
    lastNumber: () => lastNumber,
  };
}

/** @param {Row} row */
function weight({ type, source, id, attributes, payload }) {
  let length = 200 + type.length + source.length + id.length + (payload?.text.length ?? 0);
  for (const [name, value] of attributes) length += name.length + value.length;
  return length;
}

/**
 * Whether an event has this type (any, where it is empty) and the text somewhere in it.
 * @param {string} type
 * @param {string} text
 * @returns {(row: Row) => boolean}
 */
export function matcher(type, text) {
  const wanted = text.trim().toLowerCase();
  const has = (/** @type {string} */ value) => value.toLowerCase().includes(wanted);
  return (row) =>
    (type === '' || row.type === type) &&
    (wanted === '' ||
      [row.type, row.source, row.id, row.payload?.text ?? ''].some(has) ||
      row.attributes.some(([name, value]) => has(name) || has(value)));
}
