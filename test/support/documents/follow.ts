/** Follows a document block by block, and compares what is written with what it shows. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Block, placeOf } from './blocks.ts';
import type { Session } from './session.ts';
import { missingLines } from './shown.ts';

/**
 * Does what the markers say, in order.
 *
 * @param blocks of one document; those that are to be run elsewhere are left out
 * @throws where a command fails, or writes something else than the document shows
 */
export async function follow(blocks: readonly Block[], session: Session): Promise<void> {
  let written = '';
  for (const block of blocks) {
    const { marker, text } = block;
    switch (marker?.kind) {
      case 'run':
      case 'kubectl': {
        const { exitCode, output } = await session.run(text);
        if (exitCode !== marker.exitCode) {
          throw new Error(`${placeOf(block)} ended with exit code ${exitCode}:\n${output}`);
        }
        written = output;
        break;
      }
      case 'stays-up':
        if (!marker.beside) await session.stopPrograms();
        await session.startUp(text, marker.until);
        break;
      case 'output':
        if (marker.ofPrograms) await shows(block, session.programsOutput, 30_000);
        else await shows(block, () => written, 0);
        break;
      case 'cluster-output':
      case 'not-run':
      case undefined:
        break;
    }
  }
}

/** What stays up writes when it gets to it. */
async function shows(block: Block, written: () => string, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const missing = missingLines(block.text, written());
    if (missing === undefined) return;
    if (performance.now() > deadline) {
      throw new Error(`${placeOf(block)} shows\n${missing}\nbut this was written:\n${written()}`);
    }
    await sleep(100);
  }
}
