/** Chromium, Debian's, for the tests of the page. */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const { env } = process;

function find(): string | undefined {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'chromium');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

const executablePath = find();

/** Whether the tests have to be skipped; with CI=true that is a failure. */
export const noChromium = executablePath === undefined;
if (noChromium) {
  const message =
    'the page needs chromium to be tested, which is missing here: apt-get install chromium';
  if (env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`skipped: ${message}\n`);
}

/** Starts a browser; its sandbox needs a user other than root. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
