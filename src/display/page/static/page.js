/** Joins the parts of the page: what comes over the connection, and what the user does. */

import { connect } from './connection.js';
import { byId, count, countOf, textBlock } from './dom.js';
import { createEventList, matcher } from './event-list.js';
import { createFigures } from './figures.js';
import { showSinks } from './send-form.js';

const state = byId('state', HTMLParagraphElement);
const pauseButton = byId('pause', HTMLButtonElement);
const showNew = byId('show-new', HTMLButtonElement);
const notice = byId('notice', HTMLParagraphElement);
const empty = byId('empty', HTMLDivElement);
const typeSelect = byId('filter-type', HTMLSelectElement);
const textInput = byId('filter-text', HTMLInputElement);
const exportLink = byId('export', HTMLAnchorElement);

let run = '';
let isConnected = false;
let isPaused = false;
let missed = 0;
let lostInPause = 0;

const figures = createFigures(byId('tiles', HTMLDListElement));
const list = createEventList({
  list: byId('events', HTMLOListElement),
  onTypes: showTypes,
  onChange({ shown, kept, waiting, lost }) {
    const isFiltered = typeSelect.value !== '' || textInput.value.trim() !== '';
    const text = shown === kept ? count(kept) : `${count(shown)} of ${count(kept)}`;
    byId('count', HTMLParagraphElement).textContent = kept === 0 ? '' : text;
    showNew.hidden = waiting === 0;
    showNew.textContent = `Show ${countOf(waiting, 'new event')}`;
    if (isPaused) lostInPause = lost;
    showNotice();
    empty.hidden = shown > 0;
    byId('empty-command', HTMLDivElement).hidden = isFiltered;
    byId('empty-text', HTMLParagraphElement).textContent = isFiltered
      ? 'Nothing that is held passes the filter.'
      : 'Nothing has arrived yet. POST a CloudEvent to this address:';
  },
});

/** What the user cannot see, and should know of. */
function showNotice() {
  const parts = [];
  if (missed > 0) parts.push(`${countOf(missed, 'event')} came faster than they could be shown.`);
  if (lostInPause > 0) {
    parts.push(`Of those that came in the pause, ${count(lostInPause)} are not held any more.`);
  }
  notice.textContent = parts.join(' ');
  notice.hidden = parts.length === 0;
}

function showState() {
  const [name, text] = !isConnected
    ? ['broken', 'Reconnecting']
    : isPaused
      ? ['paused', 'Paused']
      : ['live', 'Live'];
  if (state.textContent !== text) state.textContent = text;
  state.dataset['state'] = name;
  pauseButton.textContent = isPaused ? 'Resume' : 'Pause';
}

/** @param {readonly string[]} types */
function showTypes(types) {
  const chosen = typeSelect.value;
  const all = chosen === '' || types.includes(chosen) ? types : [chosen, ...types];
  const [first] = typeSelect.options;
  const options = all.map(
    (type) => new Option(type.length > 80 ? `${type.slice(0, 80)}…` : type, type),
  );
  typeSelect.replaceChildren(...(first === undefined ? [] : [first]), ...options);
  typeSelect.value = chosen;
}

/** @param {boolean} paused */
function pause(paused) {
  isPaused = paused;
  list.pause(paused);
  showState();
}

const filter = () => list.filter(matcher(typeSelect.value, textInput.value));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let filterTimer;
textInput.addEventListener('input', () => {
  clearTimeout(filterTimer);
  filterTimer = setTimeout(filter, 150);
});
typeSelect.addEventListener('change', filter);
byId('filter', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
pauseButton.addEventListener('click', () => pause(!isPaused));
showNew.addEventListener('click', () => {
  pause(false);
  pauseButton.focus();
});
byId('clear', HTMLButtonElement).addEventListener('click', () => {
  missed = 0;
  lostInPause = 0;
  exportLink.href = `/page/export?after=${list.lastNumber()}`;
  list.clear();
});

// Beside the list it is open from the start; above it, on a narrow page, it is not.
byId('send', HTMLDetailsElement).open = matchMedia('(min-width: 68rem)').matches;
const example = [
  `curl ${location.origin}/ \\`,
  "  -H 'Ce-Specversion: 1.0' -H 'Ce-Id: 1' \\",
  "  -H 'Ce-Type: greeting' -H 'Ce-Source: me' \\",
  `  -H 'Content-Type: application/json' -d '{"hello":"world"}'`,
].join('\n');
byId('empty-command', HTMLDivElement).append(textBlock(example, 'Example'));

connect({
  onHello(hello) {
    if (run !== '' && run !== hello.run) {
      list.restart();
      exportLink.href = '/page/export';
    }
    run = hello.run;
    list.setLimit(hello.maxEvents);
    showSinks(hello.sinks);
    byId('metrics-hint', HTMLParagraphElement).hidden = hello.hasMetrics;
  },
  onRows(news) {
    missed += news.missed;
    figures.setTotal(news.total);
    figures.addLatencies(news.rows);
    list.add(news.rows);
  },
  onLoad: figures.setLoad,
  onState(connected) {
    isConnected = connected;
    showState();
  },
});
