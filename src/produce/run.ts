/**
 * One run: sends messages at a rate until their count is reached or it is stopped.
 *
 * R1 No more than the sink's `maxInFlight` are unanswered; at that bound the pace stops.
 * R2 It ends once, whatever asks it to: pacing stops, what is in flight is waited for (not for
 *    ever), then the sink is closed and the summary told.
 */

import type { Now, Schedule } from '../delivery/ports.ts';
import type { Message } from './message.ts';
import { createPace, type Pace } from './pace.ts';
import { describeRate } from './rate-control.ts';
import { createBehindReport, summaryLine } from './report.ts';
import type { Sent, Sink } from './sink.ts';

export interface RunOptions {
  readonly perSecond: number;
  /** Undefined: no end. */
  readonly count: number | undefined;
}

export interface RunDeps {
  readonly sink: Sink;
  readonly nextMessage: () => Message;
  readonly now: Now;
  readonly schedule: Schedule;
  readonly print: (line: string) => void;
}

export interface Run {
  /** Resolves when all is over; with whether every message was acknowledged. */
  readonly done: Promise<boolean>;
  readonly setRate: (perSecond: number) => void;
  /** Resolves when it is over. */
  readonly stop: () => Promise<void>;
}

/** At high rates events are sent several at a time. */
const wait = { leastMs: 5, mostMs: 60_000, fullMs: 1_000 };
const drainMs = 10_000;

/** Starts sending as soon as the sink is ready. */
export function startRun({ perSecond, count = Infinity }: RunOptions, deps: RunDeps): Run {
  const { sink, now, schedule, print } = deps;
  const total = { started: 0, sent: 0, failed: 0 };
  let rate = perSecond;
  let pace: Pace | undefined;
  let startMs = now();
  const sayBehind = createBehindReport(print);
  let broken = false;
  let over = false;
  let cancelTimer = (): void => undefined;
  let ending: Promise<void> | undefined;
  let drained = (): void => undefined;
  let resolveDone: (ok: boolean) => void = () => undefined;
  const done = new Promise<boolean>((resolve) => (resolveDone = resolve));

  const inFlight = (): number => total.started - total.sent - total.failed;

  const settle = ({ ok, line }: Sent): void => {
    // Given up already, and counted so.
    if (over) return;
    const wasFull = inFlight() >= sink.maxInFlight;
    if (ok) total.sent += 1;
    else total.failed += 1;
    print(line);
    if (ending !== undefined) {
      if (inFlight() === 0) drained();
    } else if (wasFull) tick();
    else if (total.sent + total.failed >= count) void stop();
  };

  const launch = (): void => {
    const message = deps.nextMessage();
    const failed = (error: unknown) =>
      settle({ ok: false, line: `failed ${message.label}: ${String(error)}` });
    total.started += 1;
    sink.send(message).then(settle, failed);
  };

  /** Sends what is due, and sees to it that it runs again when more is. */
  const tick = (): void => {
    cancelTimer();
    if (pace === undefined || ending !== undefined) return;
    const room = Math.min(sink.maxInFlight - inFlight(), count - total.started);
    for (let left = pace.take(room, now()); left > 0; left -= 1) launch();
    if (total.started >= count) {
      if (inFlight() === 0) void stop();
      return;
    }
    const full = inFlight() >= sink.maxInFlight;
    if (full) sayBehind(now(), inFlight(), pace.behind(now()), rate);
    const waitMs = full ? wait.fullMs : pace.waitMs(now());
    if (waitMs === undefined) return;
    cancelTimer = schedule(Math.min(Math.max(waitMs, wait.leastMs), wait.mostMs), tick);
  };

  const drain = async (): Promise<void> => {
    if (inFlight() === 0) return;
    await new Promise<void>((resolve) => {
      drained = resolve;
      cancelTimer = schedule(drainMs, resolve);
    });
    cancelTimer();
  };

  const end = async (): Promise<void> => {
    await drain();
    over = true;
    const givenUp = inFlight();
    const behind = total.started >= count ? 0 : (pace?.behind(now()) ?? 0);
    print(summaryLine({ ...total, givenUp, behind, elapsedMs: now() - startMs }));
    await sink.close().catch((error) => print(`The sink did not close: ${String(error)}`));
    resolveDone(!broken && total.failed + givenUp === 0);
  };

  const stop = (): Promise<void> => {
    cancelTimer();
    ending ??= end();
    return ending;
  };

  const begin = async (): Promise<void> => {
    await sink.ready();
    if (ending !== undefined) return;
    startMs = now();
    pace = createPace(rate, startMs);
    print(`Rate: ${describeRate(rate)}.`);
    tick();
  };

  begin().catch((error: unknown) => {
    print(`It cannot be sent to: ${String(error)}`);
    broken = true;
    return stop();
  });

  return {
    done,
    setRate: (next) => {
      if (ending !== undefined) return;
      tick();
      rate = next;
      pace?.setRate(next, now());
      print(`Rate: ${describeRate(next)}.`);
      tick();
    },
    stop,
  };
}
