/** The page of event-display in a browser, with everything that it complains about. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';

export interface OpenPage {
  readonly page: Page;
  /** Errors, warnings, refused by the content security policy, and dialogs. */
  readonly complaints: readonly string[];
  /** Texts of a column of the list, from the top. */
  readonly column: (name: 'type' | 'source' | 'id' | 'latency') => Promise<string[]>;
  /** Resolves when the expression, in the page, is true. */
  readonly until: (expression: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface OpenPageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

export async function openPage(
  browser: Browser,
  url: string,
  options: OpenPageOptions = {},
): Promise<OpenPage> {
  const { width = 1440, height = 900, scheme = 'light' } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`threw ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('policy ' + event.blockedURI))",
  );
  await page.goto(url);
  // Not waitForFunction, whose polling the page's content security policy refuses.
  const until = async (expression: string) => {
    while ((await page.evaluate(expression)) !== true) await sleep(20);
  };
  await until("document.getElementById('state').textContent === 'Live'");
  return {
    page,
    complaints,
    column: (name) => page.locator(`#events .${name}`).allTextContents(),
    until,
    close: () => context.close(),
  };
}
