import { describe, expect, it } from 'vitest';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import { createWatchPace } from '../../../src/kubernetes/watch-pace.ts';

const unreachable = new KubernetesApiError(0, 'Unreachable', '');
const failing = new KubernetesApiError(503, 'ServiceUnavailable', '');
const forbidden = new KubernetesApiError(403, 'Forbidden', '');

const delays = (
  pace: ReturnType<typeof createWatchPace>,
  error: unknown,
  times: number,
): number[] => Array.from({ length: times }, () => pace.after(error, 0));

describe('the pace of lists and watches', () => {
  it.each([
    ['nothing answers', unreachable],
    ['the server fails', failing],
    ['watches are ended at once', undefined],
  ])('while %s, later and later, but every 2.5 s at least', (_what, error) => {
    expect(
      delays(
        createWatchPace(() => 1),
        error,
        7,
      ),
    ).toEqual([200, 400, 800, 1_600, 2_500, 2_500, 2_500]);
  });

  it('refused, up to 30 s', () => {
    expect(
      delays(
        createWatchPace(() => 1),
        forbidden,
        9,
      ).slice(5),
    ).toEqual([6_400, 12_800, 25_600, 30_000]);
  });

  it('is jittered between half and all of it', () => {
    expect(createWatchPace(() => 0).after(forbidden, 0)).toBe(100);
  });

  it('the refusals of a server that has just come back are the first ones, however long it was away', () => {
    const pace = createWatchPace(() => 1);
    delays(pace, unreachable, 50);
    expect(delays(pace, forbidden, 3)).toEqual([200, 400, 800]);
    expect(pace.after(unreachable, 0)).toBe(2_500);
  });

  it('starts anew once a watch has lived for a second, and not before', () => {
    const pace = createWatchPace(() => 1);
    delays(pace, unreachable, 50);
    expect(pace.after(undefined, 999)).toBe(2_500);
    expect(pace.after(undefined, 1_000)).toBe(200);
  });

  it('waits as long as the server asks, within reason', () => {
    const asking = (retryAfterMs: number) =>
      new KubernetesApiError(429, 'TooManyRequests', '', { retryAfterMs });
    const pace = createWatchPace(() => 1);
    expect(pace.after(asking(7_000), 0)).toBe(7_000);
    expect(pace.after(asking(3_000_000), 0)).toBe(30_000);
  });
});
