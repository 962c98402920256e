/**
 * The page by keyboard, at a telephone's width, in light and in dark; its screenshots are left in
 * test-artefacts/display/.
 */

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../../support/chromium.ts';
import { post } from '../../support/display-case.ts';
import { pageCase } from '../../support/page-case.ts';

const artefacts = fileURLToPath(new URL('../../../test-artefacts/display/', import.meta.url));
const response = JSON.stringify({
  data: { names: ['setosa', 'versicolor', 'virginica'], ndarray: [[0.0007, 0.0037, 0.9956]] },
  meta: { requestPath: { classifier: 'seldonio/iris:0.1' } },
});

describe.skipIf(noChromium)('the page', () => {
  const { start, open, serve } = pageCase();
  beforeAll(async () => {
    await mkdir(artefacts, { recursive: true });
  });

  /** A display with a sink and metrics, and events of every kind. */
  async function startFull(): Promise<string> {
    const sink = await serve((_, answer) => {
      answer.writeHead(200, {
        'content-type': 'application/json',
        'ce-id': 'e2b9c0d4',
        'ce-type': 'seldon.iris-deployment.default.response',
      });
      answer.end(response);
    });
    let answered = 0;
    const metrics = await serve((_, answer) => {
      answered += 480;
      answer.end(
        `seldon_eventing_kafka_records_total{result="answered"} ${answered}\n` +
          `seldon_eventing_kafka_in_flight{partition="0"} 16\nseldon_eventing_kafka_lag{partition="0"} ${2_000 - answered / 4}\n`,
      );
    });
    const { url } = await start({
      sinks: () => [{ name: 'adapter', url: sink }],
      metricsUrls: () => [metrics],
    });
    for (let n = 1; n <= 12; n += 1) {
      const id = `${n}36808d3-88be-4077-9d7a-a3f162705f79`;
      await post(url, {
        id,
        type: 'seldon.iris-deployment.default.request',
        source: 'seldon.examples.streaming.curl',
        data: '{"data":{"ndarray":[[1,2,3,4]]}}',
      });
      const failed = n % 5 === 0;
      await post(url, {
        id: `${n}b24c1f0-51d7-4a0c-9a3e-5d2f1c7e8a90`,
        type: `seldon.iris-deployment.default.${failed ? 'error' : 'response'}`,
        source: 'seldon.iris-deployment.default',
        data: failed ? '{"title":"The predictor failed","status":502}' : response,
        attributes: { causationid: id, correlationid: id },
      });
    }
    await post(url, {
      id: '7d9f',
      type: 'dev.knative.samples.helloworld',
      source: 'dev.knative.samples/helloworldsource',
      data: '{"msg":"Hello Knative!"}',
    });
    return url;
  }

  /** Everything that can be seen at once: an answer, an unfolded event, a notice, figures. */
  async function showAll(page: Page): Promise<void> {
    await page.evaluate("document.getElementById('send').open = true");
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('#answer').waitFor();
    await page.locator('.event[data-kind=sent]').waitFor();
    await page.locator('.event[data-kind=response] summary').first().click();
    await page.getByText('Answered').waitFor();
  }

  test.each(['light', 'dark'] as const)(
    'has text and controls with enough contrast in %s',
    async (scheme) => {
      const url = await startFull();
      const { page, complaints } = await open(url, { scheme, height: 1000 });
      await showAll(page);
      const faint = await page.evaluate(contrastBelow);
      expect(faint).toEqual([]);
      expect(complaints).toEqual([]);
      await page.screenshot({ path: `${artefacts}${scheme}.png` });
    },
  );

  test.each([360, 320, 768, 1100])(
    'has nothing that scrolls sideways or is cut off at %i pixels',
    async (width) => {
      const url = await startFull();
      const { page } = await open(url, { width, height: 740 });
      await page.screenshot({ path: `${artefacts}width-${width}.png` });
      await showAll(page);
      const beyond = await page.evaluate(`[...document.querySelectorAll('body *')].filter((one) => {
      const { right, left, width } = one.getBoundingClientRect();
      return width > 0 && (right > innerWidth + 1 || left < -1) && one.closest('pre, .skip, .unseen') === null;
    }).map((one) => one.outerHTML.slice(0, 100))`);
      expect(beyond).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      // Large enough for a finger.
      const low =
        await page.evaluate(`innerWidth > 700 ? [] : [...document.querySelectorAll('.bar button, .bar .button, .event-line')]
      .filter((one) => one.getBoundingClientRect().height < 40).map((one) => one.textContent)`);
      expect(low).toEqual([]);
    },
  );

  test('is used by keyboard alone: everything is reached in order, and its focus is seen', async () => {
    const url = await startFull();
    const { page, until } = await open(url);
    const focused = () =>
      page.evaluate(`(() => {
        const one = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        const seen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
        return (one.id || one.className || one.localName) + (seen ? '' : ' (not seen)');
      })()`) as Promise<string>;
    const walk: string[] = [];
    for (let step = 0; step < 19; step += 1) {
      await page.keyboard.press('Tab');
      walk.push(await focused());
    }
    expect(walk).toEqual([
      ...['skip', 'pause', 'export', 'clear', 'send-title'],
      ...['send-sink', 'send-mode', 'send-type', 'send-source', 'send-id', 'send-specversion'],
      ...['send-datacontenttype', 'send-data', 'send-attributes', 'send-button'],
      ...['filter-type', 'filter-text', 'event-line', 'event-line'],
    ]);
    // An event unfolds, and its payload can be reached and scrolled.
    await page.keyboard.press('Enter');
    await page.locator('#events details[open]').waitFor();
    for (const name of ['a', 'payload']) {
      await page.keyboard.press('Tab');
      expect(await focused()).toBe(name);
    }
    // New events do not take the focus away.
    await post(url, { id: 'new' });
    await until("document.querySelector('#events .id').textContent === 'new'");
    expect(await focused()).toBe('payload');
    // Sending, by Enter in a field, answers where it can be read, and pausing by the space bar.
    await page.focus('#send-type');
    await page.keyboard.press('Enter');
    await page.getByText('200 OK').waitFor();
    await until("document.activeElement.id === 'send-button'");
    await page.focus('#pause');
    await page.keyboard.press('Space');
    await until("document.getElementById('state').textContent === 'Paused'");
    await page.keyboard.press('Space');
    await until("document.getElementById('state').textContent === 'Live'");
  });

  test('lets the keyboard skip to the events, past what stands before them', async () => {
    const url = await startFull();
    const { page } = await open(url);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('event-line');
  });

  test('names every control, and tells a screen reader of states rather than of each event', async () => {
    const url = await startFull();
    const { page } = await open(url);
    await showAll(page);
    const nameless =
      await page.evaluate(`[...document.querySelectorAll('button, a, input, select, textarea, [role=region]')]
      .filter((one) => !(one.textContent.trim() && one.matches('button, a')) && !one.labels?.length && !one.ariaLabel)
      .map((one) => one.outerHTML.slice(0, 100))`);
    expect(nameless).toEqual([]);
    const live = await page.evaluate(
      "[...document.querySelectorAll('[role=status], [aria-live]')].map(({ id }) => id)",
    );
    expect(live).toEqual(['state', 'answer-status']);
    expect(
      await page.evaluate("document.querySelectorAll('[aria-live] li, [role=status] li').length"),
    ).toBe(0);
  });
});

/**
 * Texts with less contrast to what is behind them than WCAG 2.2 AA asks for (1.4.3; 3 for large
 * ones), and controls whose edge has less than 3 (1.4.11).
 */
const contrastBelow = `(() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = parse(color).map((value) => channel(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      const [, , , alpha = 1] = parse(color);
      if (alpha === 1) return color;
      if (alpha > 0) throw new Error('half transparent: ' + one.className);
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  const faint = [];
  const check = (element, what, color, ground, least) => {
    const found = ratio(color, ground);
    if (found < least) faint.push(what + ' ' + (element.id || element.className || element.localName) + ' ' + found.toFixed(2));
  };
  let checked = 0;
  for (const element of document.querySelectorAll('body *')) {
    if (element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    const isField = element.matches('input, select, textarea');
    if (hasText || isField) {
      checked += 1;
      const px = parseFloat(style.fontSize);
      const isLarge = px >= 24 || (px >= 18.66 && Number(style.fontWeight) >= 700);
      check(element, 'text', style.color, behind(element), isLarge ? 3 : 4.5);
    }
    if (isField && element.placeholder) {
      check(element, 'placeholder', getComputedStyle(element, '::placeholder').color, behind(element), 4.5);
    }
    if (element.matches('input, select, textarea, button:not(.primary), .button')) {
      check(element, 'edge', style.borderTopColor, behind(element.parentElement), 3);
    }
    if (element.matches('.event')) check(element, 'kind', style.borderLeftColor, behind(element), 3);
  }
  if (checked < 60) faint.push('only ' + checked + ' texts were found');
  return faint;
})()`;
