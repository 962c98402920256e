/** What micro-batching asks of a protocol: where the rows stand in its requests and answers. */

import type { Buffer } from 'node:buffer';
import type { ArrayScan } from './batch-array.ts';
import type { Frame } from './batch-frame.ts';

export interface BatchFormat {
  /**
   * @returns undefined for a request that goes alone: malformed, or of a form whose rows cannot
   *   stand beside others'
   */
  readonly readRequest: (body: Buffer) => Frame | undefined;
  /**
   * @param request the merged request's first member
   * @param rows how many rows were asked for
   * @returns undefined for an answer that cannot be told apart by rows
   */
  readonly readAnswer: (body: Buffer, request: Frame, rows: number) => Frame | undefined;
  /**
   * A text that differs where two arrays of rows would not be read in one as each by itself.
   * @returns undefined where an array must not stand beside any other
   */
  readonly kindOf: (array: ArrayScan) => string | undefined;
}
