/** What comes with an event is shown as text, whatever it is: it never runs and never breaks the page. */

import { describe, expect, test } from 'vitest';
import { noChromium } from '../../support/chromium.ts';
import { post } from '../../support/display-case.ts';
import { pageCase } from '../../support/page-case.ts';

const run = 'window.hacked=1';
const texts: readonly (readonly [name: string, text: string])[] = [
  ['a script', `<script>${run}</script>`],
  ['an image that fails', `<img src=x onerror="${run}">`],
  ['markup that loads', `<svg/onload=${run}><iframe srcdoc="<script>parent.hacked=1</script>">`],
  ['an end of the attribute', `"><b onmouseover='${run}' style='position:fixed;inset:0'>x`],
  ['an end of the element', `</span></li></ol></textarea></title></style><h1>Hacked`],
  ['an address that is a script', `javascript:${run}`],
  ['a template', '{{constructor.constructor("window.hacked=1")()}}'],
  ['entities', '&lt;script&gt;&#x3c;b&#x3e;'],
  ['a line end in the stream', `x\n\nevent: rows\ndata: {"rows":[]}\n\n`],
  ['bidirectional overrides', 'safe\u202egnp.exe\u2066\u2069 \u200e\u200f'],
  ['zero widths and separators', 'a\u200bb\u200dc\ufeffd\u2028e\u2029f'],
  ['stacked marks', `z${'\u0300\u0489\u0336'.repeat(150)}`],
  ['a wide word without a space', 'W'.repeat(3_000)],
  ['wide signs', '\ufdfd\u{1242b}\u{12219}'.repeat(200)],
  ['right to left', 'שלום עולם مرحبا '.repeat(20)],
  ['a name of the language', '__proto__'],
  ['another one', 'constructor'],
];

const payloads: readonly (readonly [name: string, data: string | Uint8Array, type: string])[] = [
  [
    'JSON with a prototype',
    '{"__proto__":{"hacked":1},"constructor":{"prototype":{"hacked":1}}}',
    'application/json',
  ],
  ['JSON that is none', '{"a":<script>', 'application/json'],
  ['JSON that nests', '['.repeat(20_000) + ']'.repeat(20_000), 'application/json'],
  ['HTML', `<!doctype html><script>${run}</script>`, 'text/html'],
  ['SVG', `<svg xmlns="http://www.w3.org/2000/svg" onload="${run}"/>`, 'image/svg+xml'],
  [
    'UTF-8 that is none',
    Uint8Array.from([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80]),
    'application/json',
  ],
  ['text with control characters', '\u001b[31m\u0007\u0000\u0008red', 'text/plain'],
  ['binary', Uint8Array.from({ length: 5_000 }, (_, n) => n % 256), 'application/octet-stream'],
  ['a megabyte on a line', 'x'.repeat(1_000_000), 'text/plain'],
  ['a million lines', '\n'.repeat(1_000_000), 'text/plain'],
];

/** Control, format and separating characters, which can hide or reorder text. */
const unsafe = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe.skipIf(noChromium)('the page, sent what is meant to break it,', () => {
  const { start, open } = pageCase();

  /** Opens every row, and looks at what has become of the page. */
  async function examine(url: string, rows: number) {
    const opened = await open(url, { width: 1280 });
    const { page, until, complaints } = opened;
    await until(`document.querySelectorAll('#events > li').length === ${rows}`);
    const closed = (await page.evaluate(`(() => {
      const lines = [...document.querySelectorAll('#events > li')];
      const heights = lines.map((line) => line.getBoundingClientRect().height);
      return { width: document.documentElement.scrollWidth, heights };
    })()`)) as { width: number; heights: number[] };
    expect(closed.width).toBe(1280);
    // All lines are as high as one of plain text: nothing grew out of its place.
    expect(Math.max(...closed.heights) - Math.min(...closed.heights)).toBeLessThan(8);
    const told = (await page.evaluate(`(async () => {
      for (const details of document.querySelectorAll('#events details')) details.open = true;
      await new Promise((resolve) => setTimeout(resolve, 0));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const made = new Set([...document.querySelectorAll('#events *')].map((one) => one.localName));
      const handlers = [...document.querySelectorAll('*')].flatMap((one) =>
        Element.prototype.getAttributeNames.call(one).filter((name) => /^on|^style$|^srcdoc$/.test(name)));
      return {
        hacked: window.hacked ?? {}.hacked,
        made: [...made].sort(),
        handlers: handlers.length,
        text: document.querySelector('#events').textContent,
        links: [...document.querySelectorAll('#events a')].map(({ href }) => href),
        width: document.documentElement.scrollWidth,
        options: document.querySelectorAll('#filter-type option').length,
        title: document.title,
      };
    })()`)) as Record<string, unknown> & { text: string; links: string[] };
    expect(told).toMatchObject({ handlers: 0, width: 1280, title: 'event-display' });
    expect(told['hacked']).toBeUndefined();
    const ours = [
      'a',
      'dd',
      'details',
      'div',
      'dl',
      'dt',
      'li',
      'p',
      'pre',
      'span',
      'strong',
      'summary',
    ];
    expect(ours).toEqual(expect.arrayContaining(told['made'] as string[]));
    expect(told.text).not.toMatch(unsafe);
    for (const link of told.links) expect(link).toMatch(new RegExp(`^${url}/page/payload/\\d+$`));
    expect(complaints).toEqual([]);
    return { ...opened, text: told.text };
  }

  test('shows hostile attributes as text, in the list, the details and the filter', async () => {
    const { url } = await start();
    let taken = 0;
    for (const [index, [, text]] of texts.entries()) {
      const given = {
        id: `${index}${text}`,
        type: text,
        source: 's',
        data: JSON.stringify({ text }),
      };
      const attributes = { subject: text, causationid: text, hostile: text };
      const whole = await post(url, { ...given, attributes });
      if (whole.status === 202) taken += 1;
      // What no attribute may hold comes in the payload.
      else
        taken += (await post(url, { ...given, id: `${index}`, type: 't' })).status === 202 ? 1 : 0;
    }
    expect(taken).toBe(texts.length);
    const { page, text, column, until } = await examine(url, texts.length);
    expect(text).toContain(`<script>${run}</script>`);
    expect(text).toContain('safe\\u202egnp.exe');
    // Choosing a hostile type filters by it, and runs nothing either.
    await page.selectOption('#filter-type', `<script>${run}</script>`);
    await until("document.querySelectorAll('#events > li').length === 1");
    expect(await column('type')).toEqual([`<script>${run}</script>`]);
    expect(await page.evaluate('window.hacked === undefined')).toBe(true);
  });

  test('shows hostile payloads as text, cut where they are large', async () => {
    const { url } = await start();
    for (const [id, data, contentType] of payloads) {
      const answer = await post(url, { id, data, contentType });
      expect(answer.status).toBe(202);
    }
    const { text } = await examine(url, payloads.length);
    expect(text).toContain('base64: wyj//u2ggA==');
    expect(text).toContain('976.6 KiB, the beginning');
    expect(text.length).toBeLessThan(200_000);
  });

  test("shows a sink's hostile answer as text", async () => {
    const { createServer } = await import('node:http');
    const evil = `<img src=x onerror="${run}">`;
    const server = createServer((_, response) => {
      response.writeHead(200, evil, { 'content-type': 'text/html', 'x-evil': evil });
      response.end(`<script>${run}</script>\u202e`);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const sink = { name: 'evil', url: new URL(`http://127.0.0.1:${port}`) };
    const { url } = await start({ sinks: () => [sink] });
    const { page, complaints } = await open(url);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('#answer').waitFor();
    expect(await page.locator('#answer').textContent()).toContain(`<script>${run}</script>\\u202e`);
    expect(await page.locator('#answer').textContent()).toContain(`x-evil${evil}`);
    expect(await page.locator('#answer img').count()).toBe(0);
    expect(await page.evaluate('window.hacked === undefined')).toBe(true);
    expect(complaints).toEqual([]);
    server.closeAllConnections();
    server.close();
  });

  test('has a browser that would refuse markup out of text even if a script of ours made it', async () => {
    const { url } = await start();
    const { page } = await open(url);
    await expect(page.evaluate("document.body.innerHTML = '<b>x</b>'")).rejects.toThrow(/Trusted/);
    await expect(page.evaluate("setTimeout('window.hacked=1')")).rejects.toThrow();
  });
});
