/** The one list of protocols: which of them a path belongs to, told by its first folder. */

import type { Codec } from './codec.ts';
import { seldonCodec } from './seldon.ts';
import { tensorflowCodec } from './tensorflow.ts';
import { v2Codec } from './v2.ts';

/** Everything outside /v1 and /v2 is Seldon's, its error shape included. */
export function findCodec(path: string): Codec {
  if (path.startsWith('/v1/')) return tensorflowCodec;
  if (path === '/v2' || path.startsWith('/v2/')) return v2Codec;
  return seldonCodec;
}
