/** The rows that every cell of the matrix runs: design.md §3.3, as far as every way knows it. */

import { maxAttempts, type Stand } from './stand.ts';
import type { Behaviour } from './stand-in.ts';
import type { Fault, Flaw } from './way.ts';

/** One input, and what comes of it. */
export interface Row {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly flaw?: Flaw;
  /** Undefined: it is answered; `malformed`: what that is, is the way's own. */
  readonly fault: Fault | 'malformed' | undefined;
  /** How often the predictor is called for one attempt. */
  readonly calls: number;
}

export const rows: readonly Row[] = [
  { name: 'a good answer comes back as it is', behaviour: 'answer', fault: undefined, calls: 1 },
  {
    name: 'turned away once (503, UNAVAILABLE), it is called again',
    behaviour: 'turnAwayOnce',
    fault: undefined,
    calls: 2,
  },
  {
    name: 'the predictor refuses it (400, INVALID_ARGUMENT)',
    behaviour: 'refuse',
    fault: {
      code: 'PREDICTOR_REFUSED',
      fault: 'record',
      http: 400,
      own: 400,
      grpc: 'INVALID_ARGUMENT',
      attempts: 1,
      by: 'refuse',
    },
    calls: 1,
  },
  {
    name: 'the predictor fails on it (500, INTERNAL)',
    behaviour: 'fail',
    fault: {
      code: 'PREDICTOR_FAILED',
      fault: 'transient',
      http: 502,
      own: 500,
      grpc: 'INTERNAL',
      attempts: maxAttempts,
      by: 'fail',
    },
    calls: 1,
  },
  {
    name: 'the predictor is too slow',
    behaviour: 'hang',
    fault: {
      code: 'DEADLINE_EXCEEDED',
      fault: 'transient',
      http: 504,
      grpc: 'DEADLINE_EXCEEDED',
      attempts: maxAttempts,
    },
    calls: 1,
  },
  {
    name: 'it is malformed',
    behaviour: 'answer',
    flaw: 'malformed',
    fault: 'malformed',
    calls: 0,
  },
  {
    name: 'it is of a kind that the predictor does not take',
    behaviour: 'answer',
    flaw: 'wrong kind',
    fault: {
      code: 'PAYLOAD_UNSUPPORTED',
      fault: 'record',
      http: 415,
      grpc: 'UNIMPLEMENTED',
      attempts: 1,
    },
    calls: 0,
  },
];

/** The predictor serves nobody for a while: senders are told so, and records are kept. */
export interface Outage {
  readonly name: string;
  readonly fault: Fault;
  readonly begin: (stand: Stand, mark: string) => Promise<void>;
  /** Whether the adapter has met with it while it has the input. */
  readonly isFelt: (stand: Stand, mark: string) => boolean;
  /** May be called again. */
  readonly end: (stand: Stand, mark: string) => Promise<void>;
}

export const outages: readonly Outage[] = [
  {
    name: 'the predictor is away, and comes back',
    fault: {
      code: 'PREDICTOR_UNREACHABLE',
      fault: 'transient',
      http: 502,
      grpc: 'UNAVAILABLE',
      attempts: 0,
    },
    begin: async ({ predictor, untilReady }) => {
      predictor.stop();
      await untilReady(false);
    },
    isFelt: () => true,
    end: async ({ predictor, untilReady }) => {
      await predictor.startAgain();
      await untilReady(true);
    },
  },
  {
    name: 'the predictor does not serve the model (404, UNIMPLEMENTED), and is mended',
    fault: {
      code: 'PREDICTOR_MISCONFIGURED',
      fault: 'deployment',
      http: 502,
      own: 404,
      grpc: 'UNIMPLEMENTED',
      attempts: 0,
      by: 'misconfigured',
    },
    begin: async ({ predictor }, mark) => void predictor.behaviours.set(mark, 'misconfigured'),
    // Oftener than a record may fail: these attempts do not count.
    isFelt: ({ predictor }, mark) => predictor.callsOf(mark).length > maxAttempts,
    end: async ({ predictor }, mark) => void predictor.behaviours.delete(mark),
  },
];
