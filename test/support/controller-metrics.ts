/** The controller's own count of what it does. */

import { expect } from 'vitest';
import type { Place, TestController } from './controller-case.ts';

/** @returns the sum over all labels that have `selector` in them, such as `verb="apply"` */
export async function metric(url: string, name: string, selector = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(selector))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export const writesOf = (url: string): Promise<number> =>
  metric(url, 'seldon_eventing_controller_writes_total');

export const reconcilesOf = (url: string): Promise<number> =>
  metric(url, 'seldon_eventing_controller_reconciles_total');

/** Until everything has been looked at a few times more; to be used with a short RESYNC_MS. */
export async function lookedAtAgain(controller: TestController, place: Place): Promise<void> {
  const count = (await place.list('SeldonDeployment')).length;
  const before = await reconcilesOf(controller.url);
  await place.until(async () =>
    expect(await reconcilesOf(controller.url)).toBeGreaterThanOrEqual(before + 3 * count),
  );
}
