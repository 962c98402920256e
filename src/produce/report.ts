/** What a run tells of itself. Pure. */

export interface Totals {
  readonly sent: number;
  readonly failed: number;
  /** Unanswered at the end. */
  readonly givenUp: number;
  /** How many the rate asked for beyond those. */
  readonly behind: number;
  readonly elapsedMs: number;
}

/** The last line. */
export function summaryLine({ sent, failed, givenUp, behind, elapsedMs }: Totals): string {
  const seconds = elapsedMs / 1_000;
  const average = seconds > 0 ? sent / seconds : 0;
  const parts = [
    `Sent ${sent}, failed ${failed}`,
    ...(givenUp > 0 ? [`${givenUp} given up without an answer`] : []),
    ...(behind > 0 ? [`${behind} behind the rate`] : []),
    `in ${seconds.toFixed(1)} s (${average.toFixed(1)} per second)`,
  ];
  return `${parts.join(', ')}.`;
}

const remindMs = 5_000;

/** @returns what tells, now and then, why less is sent than the rate says */
export function createBehindReport(print: (line: string) => void) {
  let saidMs = Number.NEGATIVE_INFINITY;
  return (nowMs: number, inFlight: number, behind: number, perSecond: number): void => {
    if (behind === 0 || nowMs - saidMs < remindMs) return;
    saidMs = nowMs;
    print(
      `The sink is slow: ${inFlight} are not answered yet, sending is ${behind} behind the rate of ${perSecond} per second.`,
    );
  };
}
