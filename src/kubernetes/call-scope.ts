/** How long one call may go on: until its deadline, or until somebody calls it off. */

import type { Schedule } from '../delivery/ports.ts';

export interface CallScope {
  /** Aborted by whatever comes first. */
  readonly signal: AbortSignal;
  /** Why it was aborted. */
  readonly ended: () => 'Timeout' | 'Aborted' | undefined;
  /** Another deadline from now on, in ms; undefined: none. */
  readonly allow: (ms: number | undefined) => void;
  /** Leaves no timer and no listener behind. */
  readonly close: () => void;
}

export function openScope(
  timeoutMs: number,
  callers: readonly (AbortSignal | undefined)[],
  schedule: Schedule,
): CallScope {
  const controller = new AbortController();
  let reason: 'Timeout' | 'Aborted' | undefined;
  let callOff: (() => void) | undefined;

  const end = (why: 'Timeout' | 'Aborted'): void => {
    if (reason !== undefined) return;
    reason = why;
    controller.abort();
  };
  const aborted = (): void => end('Aborted');
  for (const caller of callers) {
    // AbortSignal.any would stay referenced by signals that live as long as the process.
    if (caller?.aborted === true) aborted();
    else caller?.addEventListener('abort', aborted, { once: true });
  }
  const allow = (ms: number | undefined): void => {
    callOff?.();
    callOff = ms === undefined ? undefined : schedule(ms, () => end('Timeout'));
  };
  allow(timeoutMs);

  return {
    signal: controller.signal,
    ended: () => reason,
    allow,
    close: () => {
      allow(undefined);
      for (const caller of callers) caller?.removeEventListener('abort', aborted);
    },
  };
}

/** Rejects when the scope ends first; what was waited for goes on alone. */
export function within<T>(scope: CallScope, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = (): void => reject(new Error('the call has ended'));
    if (scope.signal.aborted) over();
    scope.signal.addEventListener('abort', over, { once: true });
    work.then(resolve, reject).finally(() => scope.signal.removeEventListener('abort', over));
  });
}
