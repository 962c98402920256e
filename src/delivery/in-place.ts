/** Dispatch under a limiter: an input is worked on in a place, and a refusal is an Outcome. */

import { AdapterError } from '../errors.ts';
import type { Dispatch } from './dispatch.ts';
import type { Limiter } from './limiter.ts';

/** @returns a dispatch that takes a place of `limiter` for each input; it never rejects */
export const dispatchInPlace =
  (limiter: Limiter, dispatch: Dispatch): Dispatch =>
  async (input) => {
    // As inPlace does it, without a promise more for each event.
    try {
      const waiting = limiter.acquire(input.deadline);
      if (waiting !== undefined) await waiting;
    } catch (error) {
      return { kind: 'failed', error: AdapterError.from(error) };
    }
    try {
      return await dispatch(input);
    } catch (error) {
      return { kind: 'failed', error: AdapterError.from(error) };
    } finally {
      limiter.release();
    }
  };
