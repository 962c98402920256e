/** The page in a real Chromium, as its user meets it. */

import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../../support/chromium.ts';
import { post, startDisplay } from '../../support/display-case.ts';
import { pageCase } from '../../support/page-case.ts';

describe.skipIf(noChromium)('the page', () => {
  const { start, open, serve, opening } = pageCase();
  const hasRows = (count: number) =>
    `document.querySelectorAll('#events > li').length === ${count}`;

  test('says how to send something while nothing has come', async () => {
    const { url } = await start();
    const { page, complaints } = await open(url);
    expect(await page.locator('#empty').textContent()).toContain(`curl ${url}/`);
    expect(await page.locator('#no-sinks').textContent()).toContain('DISPLAY_SINKS');
    expect(await page.locator('#metrics-hint').isVisible()).toBe(true);
    await post(url, { id: '1' });
    await page.locator('#empty').waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  test('shows events newest first: those that were there, and those that come', async () => {
    const { url } = await start();
    await post(url, { id: '1', type: 'a.request', source: 'curl' });
    await post(url, { id: '2', type: 'a.response', attributes: { causationid: '1' } });
    const { page, column, until, complaints } = await open(url);
    await until(hasRows(2));
    expect(await column('id')).toEqual(['2', '1']);
    expect(await column('type')).toEqual(['a.response', 'a.request']);
    expect(await column('source')).toEqual(['s', 'curl']);
    const [latency, none] = await column('latency');
    expect(latency).toMatch(/^\d+ ms$/);
    expect(none).toBe('');
    await post(url, { id: '3' });
    await until(hasRows(3));
    expect(await column('id')).toEqual(['3', '2', '1']);
    expect(await page.locator('#count').textContent()).toBe('3');
    expect(complaints).toEqual([]);
  });

  test('unfolds the attributes and the payload, laid out, and gives it as it came', async () => {
    const { url } = await start();
    const data = '{"n":12345678901234567890,"b":[]}';
    await post(url, { id: 'a', source: 'curl', type: 'request' });
    await post(url, { id: 'b', data, attributes: { causationid: 'a', subject: 'x' } });
    const { page, until } = await open(url);
    await until(hasRows(2));
    await page.locator('#events summary').first().click();
    const body = page.locator('#events .body');
    expect(await body.locator('pre').textContent()).toBe(
      '{\n  "n": 12345678901234567890,\n  "b": []\n}',
    );
    const attributes = await body.locator('dl').textContent();
    expect(attributes).toContain('causationida');
    expect(attributes).toMatch(/latency\d+ ms after the request of curl/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      body.getByText('Download').click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toBe(data);
  });

  test('stands still in a pause, counts what comes, and shows it after', async () => {
    const { url } = await start();
    await post(url, { id: '1' });
    const { page, column, until } = await open(url);
    await until(hasRows(1));
    await page.getByRole('button', { name: 'Pause' }).click();
    expect(await page.locator('#state').textContent()).toBe('Paused');
    for (const id of ['2', '3']) await post(url, { id });
    await page.getByRole('button', { name: 'Show 2 new events' }).waitFor();
    expect(await column('id')).toEqual(['1']);
    // A filter in a pause looks through what was there.
    await page.fill('#filter-text', 's');
    await until("document.getElementById('count').textContent === '1 of 3'");
    expect(await column('id')).toEqual(['1']);
    await page.getByRole('button', { name: 'Resume' }).click();
    await until(hasRows(3));
    expect(await column('id')).toEqual(['3', '2', '1']);
    expect(await page.locator('#state').textContent()).toBe('Live');
    expect(await page.locator('#show-new').isVisible()).toBe(false);
  });

  test('says of events that a long pause cost how many there were', async () => {
    const { url } = await start({ maxEvents: 5 });
    const { page, column, until } = await open(url);
    await page.getByRole('button', { name: 'Pause' }).click();
    // Each is seen before the next: one that the server gives up first is told of in other words.
    for (let id = 1; id <= 12; id += 1) {
      await post(url, { id: `${id}` });
      await page.getByRole('button', { name: `Show ${id} new event` }).waitFor();
    }
    await page.getByRole('button', { name: 'Show 12 new events' }).click();
    await until(hasRows(5));
    expect(await column('id')).toEqual(['12', '11', '10', '9', '8']);
    const told = (await page.locator('#notice').textContent()) ?? '';
    expect(told).toContain('not held any more');
    const sum = (told.match(/\d+/g) ?? []).reduce((all, number) => all + Number(number), 0);
    expect(sum).toBe(12 - 5);
  });

  test('shows of a type, or with a text, only what has it, also of what comes then', async () => {
    const { url } = await start();
    const { page, column, until } = await open(url);
    for (const id of ['1', '2']) {
      await post(url, { id: `a${id}`, type: 'a' });
      await post(url, { id: `b${id}`, type: 'b', data: `{"text":"Needle ${id}"}` });
    }
    await until(hasRows(4));
    await page.selectOption('#filter-type', 'b');
    await until(hasRows(2));
    expect(await column('id')).toEqual(['b2', 'b1']);
    await page.fill('#filter-text', 'needle 2');
    await until(hasRows(1));
    expect(await column('id')).toEqual(['b2']);
    await post(url, { id: 'c', type: 'b', data: '"a NEEDLE 2 too"' });
    await post(url, { id: 'd', type: 'a', data: '"needle 2"' });
    await until("document.getElementById('count').textContent === '2 of 6'");
    expect(await column('id')).toEqual(['c', 'b2']);
    await page.fill('#filter-text', 'nothing has this');
    await until(hasRows(0));
    expect(await page.locator('#empty').textContent()).toContain('passes the filter');
    await page.fill('#filter-text', '');
    await page.selectOption('#filter-type', '');
    await until(hasRows(6));
  });

  test('exports what is held as JSON lines; cleared, it begins anew', async () => {
    const { url } = await start();
    const { page, column, until } = await open(url);
    const exported = async () => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Export' }).click(),
      ]);
      expect(download.suggestedFilename()).toBe('events.jsonl');
      const text = await readFile(await download.path(), 'utf8');
      return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    for (const id of ['1', '2']) await post(url, { id, data: '{"x":1}' });
    await until(hasRows(2));
    expect(await exported()).toMatchObject([
      { id: '1', data: { x: 1 }, specversion: '1.0' },
      { id: '2' },
    ]);
    await page.getByRole('button', { name: 'Clear' }).click();
    await until(hasRows(0));
    await post(url, { id: '3' });
    await until(hasRows(1));
    expect(await column('id')).toEqual(['3']);
    expect(await exported()).toMatchObject([{ id: '3' }]);
  });

  test('sends a test event to the chosen sink and shows its answer', async () => {
    const sinks = await Promise.all(
      ['first', 'second'].map(async (name) => {
        const url = await serve((asked, response) => {
          response.writeHead(name === 'first' ? 500 : 200, {
            'x-sink': name,
            'content-type': 'text/plain',
          });
          response.end(`${asked.headers['ce-type']} <b>to</b> ${name}`);
        });
        return { name, url };
      }),
    );
    const { url } = await start({ sinks: () => sinks });
    const { page, column, until, complaints } = await open(url);
    await page.getByLabel('Type', { exact: true }).last().waitFor();
    await page.fill('#send-type', 'my.request');
    await page.fill('#send-attributes', 'correlationid: walk-1');
    await page.selectOption('#send-sink', 'second');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('200 OK').waitFor();
    expect(await page.locator('#answer-body').textContent()).toBe('my.request <b>to</b> second');
    expect(await page.locator('#answer-headers').textContent()).toContain('x-sinksecond');
    await until(hasRows(1));
    expect(await column('latency')).toEqual(['sent to second']);
    await page.selectOption('#send-sink', 'first');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('500 Internal Server Error').waitFor();
    await page.fill('#send-attributes', 'no-dash: x\nsecond line');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Not sent').waitFor();
    const problems = await page.locator('#answer-body').textContent();
    for (const name of ['no-dash', 'second line']) expect(problems).toContain(name);
    expect(complaints.filter((one) => !one.includes('400'))).toEqual([]);
  });

  test('shows rate, in flight, lag and replicas where it is told of metrics', async () => {
    const metrics = await serve((_, response) =>
      response.end(
        'seldon_eventing_http_running 3\nseldon_eventing_kafka_lag{partition="0"} 1234\n',
      ),
    );
    const { url } = await start({ metricsUrls: () => [metrics] });
    const { page, until } = await open(url);
    await until("document.getElementById('tiles').textContent.includes('1,234')");
    const tiles = await page
      .locator('.tile')
      .evaluateAll((all) =>
        all.map((tile) => [...tile.children].slice(0, 2).map((child) => child.textContent)),
      );
    expect(tiles.slice(2)).toEqual([
      ['Answered', '–'],
      ['In flight', '3'],
      ['Lag', '1,234'],
      ['Replicas', '1'],
    ]);
    expect(await page.locator('#metrics-hint').isVisible()).toBe(false);
  });

  test('connects again when the server comes back, and begins anew with it', async () => {
    const first = await startDisplay();
    const { port } = new URL(first.url);
    await post(first.url, { id: 'old' });
    const { page, column, until } = await open(first.url);
    await until(hasRows(1));
    await first.close();
    await until("document.getElementById('state').textContent === 'Reconnecting'");
    const { createDisplay } = await import('../../../src/display/server.ts');
    const options = {
      maxEvents: 10,
      maxHeldBytes: 1e6,
      hosts: [],
      sinks: () => [],
      metricsUrls: () => [],
    };
    opening(
      await createDisplay({
        host: '127.0.0.1',
        port: Number(port),
        print() {},
        maxBodyBytes: 1000,
        page: options,
      }),
    );
    await post(`http://127.0.0.1:${port}`, { id: 'new' });
    await until("document.getElementById('state').textContent === 'Live'");
    await until("document.querySelector('#events .id')?.textContent === 'new'");
    expect(await column('id')).toEqual(['new']);
    expect(await page.locator('#state').getAttribute('data-state')).toBe('live');
  });
});
