/** The form that has the server send a test event to one of its sinks, and shows the answer. */

import { byId, duration, make, pairs, payloadText, textBlock } from './dom.js';

const form = byId('send-form', HTMLFormElement);
const sinkSelect = byId('send-sink', HTMLSelectElement);
const button = byId('send-button', HTMLButtonElement);
const answer = byId('answer', HTMLDivElement);
const status = byId('answer-status', HTMLParagraphElement);
const headers = byId('answer-headers', HTMLDListElement);
const body = byId('answer-body', HTMLDivElement);

/** @param {readonly { name: string, url: string }[]} sinks */
export function showSinks(sinks) {
  form.hidden = sinks.length === 0;
  byId('no-sinks', HTMLParagraphElement).hidden = sinks.length > 0;
  const chosen = sinkSelect.value;
  const options = sinks.map(({ name, url }) =>
    make('option', { value: name, text: name, title: url }),
  );
  sinkSelect.replaceChildren(...options);
  if (sinks.some(({ name }) => name === chosen)) sinkSelect.value = chosen;
}

/** Lines of `name: value`; a line without a colon is taken for a name, and refused by the server. */
function readAttributes(/** @type {string} */ text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.includes(':') ? line.indexOf(':') : line.length;
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}

async function send() {
  const {
    sink = '',
    extensions = '',
    ...fields
  } = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const response = await fetch(`/page/sinks/${encodeURIComponent(sink)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...fields, attributes: readAttributes(extensions) }),
  });
  const told = await response.json();
  return response.ok ? showAnswer(told) : showProblem(told);
}

/**
 * @param {{ status: number, statusText: string, durationMs: number, isCut: boolean,
 *   headers: [string, string][], body?: { form: string, text: string, isCut: boolean } }} told
 */
function showAnswer(told) {
  const { durationMs, statusText, body: payload } = told;
  const isGood = told.status >= 200 && told.status < 300;
  show(
    isGood ? 'good' : 'bad',
    `${told.status} ${statusText}`.trim(),
    ` in ${duration(durationMs)}`,
  );
  headers.replaceChildren(...pairs(told.headers));
  const isCut = told.isCut || payload?.isCut;
  const text = payload === undefined ? '' : payloadText(payload) + (isCut ? '…' : '');
  showBody(text === '' ? 'no body' : text);
}

/** @param {{ detail?: string, problems?: { where: string, reason: string }[] }} problem */
function showProblem({ detail = 'the server refused this', problems = [] }) {
  show('bad', 'Not sent', `: ${detail}`);
  headers.replaceChildren();
  showBody(
    problems.map(({ where, reason }) => (where === '' ? reason : `${where}: ${reason}`)).join('\n'),
  );
}

/** @param {string} text */
const showBody = (text) =>
  body.replaceChildren(...(text === '' ? [] : [textBlock(text, 'Body of the answer')]));

/**
 * @param {string} mood
 * @param {string} head
 * @param {string} rest
 */
function show(mood, head, rest) {
  answer.hidden = false;
  status.replaceChildren(make('strong', { class: 'mood', 'data-mood': mood, text: head }), rest);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  button.disabled = true;
  send()
    .catch(() => showProblem({ detail: 'event-display cannot be reached' }))
    .finally(() => {
      button.disabled = false;
      button.focus();
    });
});
