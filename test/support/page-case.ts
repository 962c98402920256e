/** What the tests of the page need: a browser for the file, and parts that each test closes. */

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Display } from '../../src/display/server.ts';
import { startChromium } from './chromium.ts';
import { startDisplay } from './display-case.ts';
import { type OpenPage, type OpenPageOptions, openPage } from './open-page.ts';

interface Closeable {
  readonly close: () => Promise<void>;
}

/** Registers the hooks of the file or suite that calls it. */
export function pageCase() {
  let browser: Browser | undefined;
  const opened: Closeable[] = [];
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const part of opened.splice(0).reverse()) await part.close();
  });
  const opening = <Part extends Closeable>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  return {
    opening,
    start: async (...given: Parameters<typeof startDisplay>): Promise<Display> =>
      opening(await startDisplay(...given)),
    async open(url: string, options?: OpenPageOptions): Promise<OpenPage> {
      if (browser === undefined) throw new Error('the browser has not been started');
      return opening(await openPage(browser, url, options));
    },
    /** A server that stands for a sink or for metrics. */
    async serve(answer: RequestListener): Promise<URL> {
      const server = createServer(answer).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      opening({
        async close() {
          server.closeAllConnections();
          server.close();
        },
      });
      return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    },
  };
}
