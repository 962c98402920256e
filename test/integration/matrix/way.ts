/** What a way in is, for the rows of the matrix. */

import { messageNames, type Payload, type Transport } from './payloads.ts';
import type { Stand } from './stand.ts';
import { answerTo, type Behaviour } from './stand-in.ts';
import type { Answered, Failed, Told } from './told.ts';

/** What is wrong with an input: not whole, in the way's own sense; or the other transport's. */
export type Flaw = 'malformed' | 'wrong kind';

export interface Input {
  /** Names the exchange: it is in the payload, and the sender's puid. */
  readonly mark: string;
  readonly payload: Payload;
  readonly flaw: Flaw | undefined;
}

/** What design.md §3.3 makes of an input; each way picks what it tells. */
export interface Fault {
  readonly code: string;
  readonly fault: string;
  readonly http: number;
  /** The predictor's own status over REST, where it gave one. */
  readonly own?: number;
  readonly grpc: string;
  /** gRPC refuses before we are asked: without a code of ours. */
  readonly isGrpcsOwn?: boolean;
  /** Attempts at a record before it is diverted. */
  readonly attempts: number;
  /** What the predictor did, where it was the predictor. */
  readonly by?: Behaviour;
  /** Attributes that an event lacks. */
  readonly missing?: readonly string[];
}

export interface Way {
  readonly name: string;
  /** Whether an input is kept until the predictor serves: nobody is told of an outage. */
  readonly holds: boolean;
  /** Whether a predictor of this transport can be called from here at all. */
  readonly reaches: (transport: Transport) => boolean;
  /** @returns what the sender is told */
  readonly send: (stand: Stand, input: Input) => Promise<Told>;
  /** What a malformed input is here. */
  readonly malformed: Fault;
  readonly answered: (stand: Stand, mark: string) => Told;
  readonly failed: (stand: Stand, fault: Fault) => Failed;
}

const ofRecord = { fault: 'record', http: 400, grpc: 'INVALID_ARGUMENT', attempts: 1 } as const;

/** An event without two of its required attributes: both are named. */
export const eventInvalid: Fault = {
  ...ofRecord,
  code: 'EVENT_INVALID',
  missing: ['id', 'source'],
};

/** A payload without a byte. */
export const payloadMissing: Fault = { ...ofRecord, code: 'PAYLOAD_MISSING' };

/** The predictor's answer as it is. */
export const answeredBy = ({ protocol, transport }: Stand, mark: string): Answered => ({
  kind: 'answered',
  body: answerTo(transport, mark),
  puid: mark,
  contentType: transport === 'rest' ? 'application/json' : 'application/x-protobuf',
  protoName: transport === 'rest' ? undefined : messageNames[protocol].reply,
  event: undefined,
});

/** Likewise in a reply event. */
export function repliedBy(stand: Stand, mark: string): Answered {
  const answer = answeredBy(stand, mark);
  return {
    ...answer,
    event: {
      type: 'seldon.iris.default.response',
      source: 'seldon.iris.default',
      causationid: mark,
      protoname: answer.protoName,
    },
  };
}
