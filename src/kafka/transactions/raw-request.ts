/**
 * Sends requests that kafkajs does not have over its connections (docs/decisions/0006): bytes that
 * pose as one of its encoders.
 */

import type { KafkajsBroker } from './coordinators.ts';

/** One request whose bytes are written and read by us. */
export interface RawRequest<Answer> {
  readonly api: RawApi;
  readonly body: Buffer;
  /** Given what follows the request's number in the answer. */
  readonly decode: (payload: Buffer) => Answer;
}

export interface RawApi {
  readonly apiKey: number;
  readonly version: number;
  readonly name: string;
}

/** What kafkajs' types leave out of its brokers. */
interface RawBroker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: {
    readonly send: <Answer>(request: ProtocolRequest<Answer>) => Promise<Boxed<Answer>>;
  };
}

/** As kafkajs' own requests are. */
interface ProtocolRequest<Answer> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<Boxed<Answer>>;
    readonly parse: (data: Boxed<Answer>) => Promise<Boxed<Answer>>;
  };
}

/** kafkajs looks for throttling in what was decoded: it has to be an object. */
interface Boxed<Answer> {
  readonly answer: Answer;
}

/** Whether the broker has that version of the request. */
export const hasApi = (broker: KafkajsBroker, { apiKey, version }: RawApi): boolean =>
  ((broker as unknown as RawBroker).versions?.[apiKey]?.maxVersion ?? -1) >= version;

/** Sends the request; rejects as kafkajs does, or as the decoder throws. */
export async function askRaw<Answer>(
  broker: KafkajsBroker,
  { api, body, decode }: RawRequest<Answer>,
): Promise<Answer> {
  const { answer } = await (broker as unknown as RawBroker).connectionPool.send({
    request: {
      apiKey: api.apiKey,
      apiVersion: api.version,
      apiName: api.name,
      encode: async () => ({ buf: body, buffer: body }),
    },
    response: {
      decode: async (payload) => ({ answer: decode(payload) }),
      parse: async (boxed) => boxed,
    },
  });
  return answer;
}
