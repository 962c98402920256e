/** One event of the list: a line to read, and what unfolds below it. */

import { duration, make, pairs, payloadText, size, textBlock } from './dom.js';

/** @typedef {import('./connection.js').Row} Row */

/** @param {Row} row */
export function makeRow(row) {
  const { type, source, id, latencyMs } = row;
  const latency = make('span', {
    class: 'latency',
    text: latencyMs === undefined ? '' : duration(latencyMs),
  });
  const summary = make('summary', { class: 'event-line' }, [
    make('span', { class: 'time', text: clock(row.receivedAtMs) }),
    makeType(type),
    make('span', { class: 'source', text: source, dir: 'ltr' }),
    make('span', { class: 'id', text: id, dir: 'ltr' }),
    latency,
  ]);
  if (row.sentTo !== undefined) {
    latency.append(make('span', { class: 'badge', text: `sent to ${row.sentTo}` }));
  }
  const details = make('details', {}, [summary]);
  // Made when it is wanted: most rows are never opened.
  details.addEventListener('toggle', () => details.append(makeBody(row)), { once: true });
  return make('li', { class: 'event', 'data-kind': kindOf(row), 'data-number': `${row.number}` }, [
    details,
  ]);
}

/**
 * Types differ in their last part, which is kept whole where there is no room for all of it.
 * @param {string} type
 */
function makeType(type) {
  const at = Math.max(0, type.lastIndexOf('.'));
  const isEndShort = at > 0 && type.length - at <= 24;
  return make('span', { class: 'type', dir: 'ltr' }, [
    make('span', { class: 'type-start', text: isEndShort ? type.slice(0, at) : type }),
    make('span', { class: 'type-end', text: isEndShort ? type.slice(at) : '' }),
  ]);
}

/** @param {Row} row */
function makeBody(row) {
  const { payload, dataBytes, moreAttributes, latencyMs, time } = row;
  const attributes = make('dl', { class: 'attributes' }, [
    ...pairs([
      ['type', row.type],
      ['source', row.source],
      ['id', row.id],
      ['time', time ?? 'not given'],
      ['specversion', row.specversion],
      ...row.attributes,
    ]),
  ]);
  if (latencyMs !== undefined) {
    const among = row.isCauseAmbiguous ? '; other sources used the same id' : '';
    const text = `${duration(latencyMs)} after the request of ${row.causeSource ?? ''}${among}`;
    attributes.append(...pairs([['latency', text]]));
  }
  if (moreAttributes > 0) attributes.append(...pairs([['more', `${moreAttributes} attributes`]]));
  const head = make('p', { class: 'payload-head' }, [
    make('strong', { text: 'Payload' }),
    make('span', { class: 'payload-size', text: dataBytes === 0 ? 'none' : described(row) }),
  ]);
  const body = make('div', { class: 'body' }, [attributes, head]);
  if (payload !== undefined) {
    head.append(
      make('a', { href: `/page/payload/${row.number}`, download: 'payload.bin', text: 'Download' }),
    );
    body.append(textBlock(payloadText(payload), 'Payload'));
  }
  return body;
}

/** @param {Row} row */
function described({ payload, dataBytes }) {
  if (payload === undefined) return `${size(dataBytes)}, too large to be held`;
  const form = payload.form === 'text' ? '' : ', binary';
  return `${size(dataBytes)}${form}${payload.isCut ? ', the beginning' : ''}`;
}

/** By the names that Seldon's events have. @param {Row} row */
function kindOf({ type, sentTo }) {
  if (sentTo !== undefined) return 'sent';
  return /\.(request|response|error)$/.exec(type)?.[1] ?? 'other';
}

const timeOfDay = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** @param {number} ms */
const clock = (ms) => timeOfDay.format(ms);
