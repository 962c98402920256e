/** Which blocks of a document a test follows. */

import { type Block, blocksOf, isShell, type Marker } from './blocks.ts';

/** Blocks of these kinds, and the output that is shown after them. */
export function chosenBlocks(document: string, kinds: readonly Marker['kind'][]): readonly Block[] {
  let chosen = false;
  return blocksOf(document).filter((block) => {
    const { marker } = block;
    if (isShell(block)) {
      chosen = marker !== undefined && kinds.includes(marker.kind);
      return chosen;
    }
    return chosen && marker?.kind === 'output';
  });
}
