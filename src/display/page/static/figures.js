/** The tiles above the list: a number, what it counts, and how it went in the last minutes. */

import { count, duration, make } from './dom.js';

/** @typedef {import('./connection.js').Load} Load */

const maxPoints = 60;
const width = 120;
const height = 28;

/**
 * @param {HTMLElement} parent
 * @param {string} label
 * @param {(value: number) => string} write
 */
function createTile(parent, label, write) {
  const value = make('dd', { class: 'value', text: '–' });
  const line = svg('polyline', { class: 'line', points: '' });
  const area = svg('polygon', { class: 'area', points: '' });
  const chart = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  chart.append(area, line);
  parent.append(make('div', { class: 'tile' }, [make('dt', { text: label }), value, chart]));
  /** @type {number[]} */
  let points = [];
  return (/** @type {number | null | undefined} */ told) => {
    const text = told === undefined || told === null ? '–' : write(told);
    if (value.textContent !== text) value.textContent = text;
    // What is not known is not nothing, and has no line.
    points = told === undefined || told === null ? [] : [...points, told].slice(-maxPoints);
    const path = pathOf(points);
    line.setAttribute('points', path);
    area.setAttribute(
      'points',
      path === '' ? '' : `${path} ${width},${height} ${startOf(points)},${height}`,
    );
  };
}

/** The chart fills up with the first points; from then on it is a window that moves. */
const minSteps = 15;

/** @param {readonly number[]} points */
const stepOf = (points) => width / Math.max(points.length - 1, minSteps);

/** @param {readonly number[]} points */
const startOf = (points) => width - (points.length - 1) * stepOf(points);

/** @param {readonly number[]} points */
function pathOf(points) {
  if (points.length < 2) return '';
  const top = Math.max(...points, 1e-9);
  const step = stepOf(points);
  return points
    .map((value, at) => {
      const y = height - 2 - (value / top) * (height - 5);
      return `${(startOf(points) + at * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** @param {number} value */
const rate = (value) =>
  `${value === 0 || value >= 10 ? count(Math.round(value)) : value.toFixed(1)}/s`;

/** @param {number} value */
const whole = (value) => count(Math.round(value));

/** @param {HTMLElement} parent */
export function createFigures(parent) {
  const arriving = createTile(parent, 'Arriving', rate);
  const latency = createTile(parent, 'Latency p50', duration);
  /** @type {((load: Load) => void) | undefined} */
  let showLoad;
  /** @type {number[]} */
  let latencies = [];
  /** @type {number | undefined} */
  let total;
  /** @type {{ total: number, atMs: number } | undefined} */
  let before;
  setInterval(() => {
    const atMs = performance.now();
    if (total === undefined) return;
    if (before !== undefined) {
      arriving(((total - before.total) * 1_000) / Math.max(1, atMs - before.atMs));
      latency(median(latencies));
    }
    before = { total, atMs };
  }, 1_000);
  return {
    /** How many events came in all. @param {number} events */
    setTotal(events) {
      // What came before this page was opened, or the server's new beginning, is no rate.
      if (total === undefined || events < total) before = undefined;
      total = events;
    },
    /** @param {readonly { latencyMs?: number }[]} rows */
    addLatencies(rows) {
      const told = rows.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
      if (told.length > 0) latencies = [...latencies, ...told].slice(-100);
    },
    /** @param {Load} load */
    setLoad(load) {
      showLoad ??= createLoadTiles(parent);
      showLoad(load);
    },
  };
}

/** @param {HTMLElement} parent */
function createLoadTiles(parent) {
  const answered = createTile(parent, 'Answered', rate);
  const inFlight = createTile(parent, 'In flight', whole);
  const lag = createTile(parent, 'Lag', whole);
  const replicas = createTile(parent, 'Replicas', whole);
  return (/** @type {Load} */ load) => {
    answered(load.ratePerSecond);
    inFlight(load.inFlight);
    lag(load.lag);
    replicas(load.replicas);
  };
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
