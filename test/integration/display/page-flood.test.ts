/** 5,000 events a second for some seconds: what the page and the server hold stays bounded. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../../support/chromium.ts';
import { post, postBatch } from '../../support/display-case.ts';
import { pageCase } from '../../support/page-case.ts';

const perBatch = 500;
const batches = 40;
const restMs = 100;

describe.skipIf(noChromium)('the page in a flood', () => {
  const { start, open } = pageCase();

  test('keeps a bounded number of rows and bytes, in order, and stays usable', async () => {
    const { url } = await start();
    const { page, column, until, complaints } = await open(url);
    const devtools = await page.context().newCDPSession(page);
    const heap = async () => {
      await devtools.send('HeapProfiler.collectGarbage');
      const { usedSize } = await devtools.send('Runtime.getHeapUsage');
      return usedSize;
    };
    await page.evaluate(`window.most = 0; new MutationObserver(() => {
      window.most = Math.max(window.most, document.querySelectorAll('#events > li').length);
    }).observe(document.getElementById('events'), { childList: true })`);
    const flood = async (from: number) => {
      for (let at = 0; at < batches; at += 1) {
        await postBatch(url, from + at * perBatch, perBatch);
        await sleep(restMs);
      }
      const last = from + batches * perBatch - 1;
      await until(`document.querySelector('#events .id')?.textContent === '${last}'`);
      return heap();
    };
    const first = await flood(1);
    const second = await flood(1 + batches * perBatch);
    const elements = await page.evaluate("document.querySelectorAll('*').length");
    expect(await page.evaluate('window.most')).toBe(200);
    expect(elements).toBeLessThan(3_000);
    expect(await page.locator('#count').textContent()).toBe('200 of 1,000');
    expect(first).toBeLessThan(40 * 1024 * 1024);
    expect(second - first).toBeLessThan(8 * 1024 * 1024);
    // In order, and it goes on working.
    const ids = (await column('id')).map(Number);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    await page.getByRole('button', { name: 'Pause' }).click();
    await post(url, { id: 'after' });
    await page.getByRole('button', { name: 'Show 1 new event' }).click();
    await until("document.querySelector('#events .id').textContent === 'after'");
    expect(complaints).toEqual([]);
  });

  test('keeps what is being read unfolded while others pass by', async () => {
    const { url } = await start();
    const { page, until } = await open(url);
    await post(url, { id: 'read', data: '{"x":1}' });
    await until("document.querySelectorAll('#events > li').length === 1");
    await page.locator('#events summary').click();
    await postBatch(url, 1, 900);
    await until("document.querySelector('#events .id').textContent === '900'");
    expect(await page.locator('#events details[open] .id').allTextContents()).toEqual(['read']);
    expect(await page.locator('#events > li').count()).toBeLessThanOrEqual(201);
  });
});
