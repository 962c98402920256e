/**
 * Somebody who follows our documents on his own machine, with nothing but a clean copy of the
 * repository: what they tell him to type works, and writes what they show.
 */

import { describe, test } from 'vitest';
import { kafkaMissing } from '../support/broker.ts';
import { documents } from '../support/documents/blocks.ts';
import { chosenBlocks } from '../support/documents/choose.ts';
import { follow } from '../support/documents/follow.ts';
import { presumedFiles } from '../support/documents/presumed.ts';
import { beginSession } from '../support/documents/session.ts';

const withoutKafka = await kafkaMissing();
const followed = documents()
  .map((document) => ({ document, blocks: chosenBlocks(document, ['run', 'stays-up']) }))
  .filter(({ blocks }) => blocks.length > 0)
  .map((one) => ({ ...one, needsKafka: one.blocks.some(({ text }) => text.includes('kafka')) }));

// A document installs, builds, and starts a broker.
const timeout = 600_000;

describe.each(followed)('$document', ({ blocks, needsKafka }) => {
  test.skipIf(needsKafka && withoutKafka)('works as it is written', { timeout }, async () => {
    const session = await beginSession({
      // Else it takes for granted that the reader has come here by another document.
      isBuilt: !blocks[0]?.text.startsWith('npm ci'),
      files: presumedFiles(),
      programs: { 'seldon-eventing': 'exec node dist/main.js "$@"' },
    });
    try {
      await follow(blocks, session);
    } finally {
      await session.close();
    }
  });
});
