/** The rate as the user changes it: by typed lines, by SIGUSR1 (the line "toggle"), by a file. Pure. */

export type Change =
  | { readonly kind: 'rate'; readonly perSecond: number }
  | { readonly kind: 'quit' }
  /** Nothing changes; what to tell the user. */
  | { readonly kind: 'none'; readonly say: string };

export interface RateControl {
  /** Now; 0 is paused. */
  readonly perSecond: () => number;
  readonly set: (perSecond: number) => Change;
  readonly line: (line: string) => Change;
}

export interface RateControlOptions {
  /** What "toggle" goes round; the first one counts at the start. */
  readonly rates: readonly [number, ...number[]];
  readonly parseRate: (text: string) => number | undefined;
}

const understood =
  'Type a number of events per second, or one of: pause, resume, toggle (the next rate), quit.';

/** Makes the control of one run. */
export function createRateControl({ rates, parseRate }: RateControlOptions): RateControl {
  let index = 0;
  let current: number = rates[0];
  let beforePause = rates.find((rate) => rate > 0) ?? 0;

  const set = (perSecond: number): Change => {
    current = perSecond;
    if (perSecond > 0) beforePause = perSecond;
    return { kind: 'rate', perSecond };
  };

  const resume = (): Change => {
    if (current > 0) return { kind: 'none', say: `It is not paused: ${describeRate(current)}.` };
    if (beforePause > 0) return set(beforePause);
    return { kind: 'none', say: 'There is no rate to resume with: type a number.' };
  };

  const toggle = (): Change => {
    if (rates.length === 1) return current > 0 ? set(0) : resume();
    index = (index + 1) % rates.length;
    return set(rates[index] ?? 0);
  };

  const line = (text: string): Change => {
    const word = text.trim().toLowerCase();
    if (word === 'pause') return set(0);
    if (word === 'resume') return resume();
    if (word === 'toggle') return toggle();
    if (word === 'quit') return { kind: 'quit' };
    const rate = parseRate(word);
    return rate === undefined ? { kind: 'none', say: understood } : set(rate);
  };

  return { perSecond: () => current, set, line };
}

/** For people. */
export const describeRate = (perSecond: number): string =>
  perSecond === 0 ? 'paused' : `${perSecond} per second`;
