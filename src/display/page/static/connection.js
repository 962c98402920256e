/** The stream of what happens, over server-sent events, connected again whenever it breaks. */

/**
 * @typedef {object} Row What src/display/page/row.ts sends.
 * @property {number} number
 * @property {number} receivedAtMs
 * @property {string} specversion
 * @property {string} type
 * @property {string} source
 * @property {string} id
 * @property {string} [time]
 * @property {string} [sentTo]
 * @property {number} [latencyMs]
 * @property {string} [causeSource]
 * @property {boolean} [isCauseAmbiguous]
 * @property {[string, string][]} attributes
 * @property {number} moreAttributes
 * @property {number} dataBytes
 * @property {{ form: string, text: string, isCut: boolean }} [payload]
 */

/**
 * @typedef {object} Hello
 * @property {string} run
 * @property {number} maxEvents
 * @property {{ name: string, url: string }[]} sinks
 * @property {boolean} hasMetrics
 */

/**
 * @typedef {object} Load
 * @property {number} [ratePerSecond]
 * @property {number} [inFlight]
 * @property {number} [lag]
 * @property {number} [replicas]
 * @property {number} targets
 * @property {number} targetsAnswering
 */

/**
 * @typedef {object} Listeners
 * @property {(hello: Hello) => void} onHello
 * @property {(news: { total: number, missed: number, rows: Row[] }) => void} onRows
 * @property {(load: Load) => void} onLoad
 * @property {(isConnected: boolean) => void} onState
 */

const retryMs = 3_000;

/** @param {Listeners} listeners */
export function connect(listeners) {
  const { onHello, onRows, onLoad, onState } = listeners;
  const source = new EventSource('/page/events');
  const on = (/** @type {string} */ name, /** @type {(value: any) => void} */ listener) =>
    source.addEventListener(name, ({ data }) => listener(JSON.parse(data)));
  on('hello', onHello);
  on('rows', onRows);
  on('load', onLoad);
  source.addEventListener('open', () => onState(true));
  source.addEventListener('error', () => {
    onState(false);
    // Where the answer was a refusal the browser gives up by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => connect(listeners), retryMs);
  });
}
