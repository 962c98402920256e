/** One step of a SASL conversation, through kafkajs. */

import type { AuthenticationProviderArgs } from 'kafkajs';

export type SaslAuthenticate = AuthenticationProviderArgs['saslAuthenticate'];

/** Sends a message of the mechanism; @returns the broker's answer, which may be empty */
export type Exchange = (message: string) => Promise<string>;

/** A broker does not take what we showed it; the message says why, and holds no secret. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** kafkajs wants and gives bytes with their length before them. */
const lengthBytes = 4;

/** @returns an exchange that throws RefusedError where the broker says no */
export const exchangeThrough =
  (saslAuthenticate: SaslAuthenticate): Exchange =>
  async (message) => {
    try {
      const answer = await saslAuthenticate({
        request: { encode: () => framed(message) },
        response: { decode: (raw) => raw.subarray(lengthBytes), parse: (data) => data.toString() },
      });
      return answer ?? '';
    } catch (error) {
      throw isRefusal(error) ? new RefusedError(error.message) : error;
    }
  };

function framed(message: string): Buffer {
  const body = Buffer.from(message);
  const frame = Buffer.alloc(lengthBytes + body.length);
  frame.writeInt32BE(body.length);
  body.copy(frame, lengthBytes);
  return frame;
}

const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && 'type' in error && error.type === 'SASL_AUTHENTICATION_FAILED';
