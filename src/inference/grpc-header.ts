/**
 * gRPC over HTTP/2, what its headers and trailers hold:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */

/** The most that fits into the eight digits of a `grpc-timeout`. */
const maxTimeoutDigits = 99_999_999;

/** The header `grpc-timeout`, in milliseconds. */
export const timeoutHeader = (timeoutMs: number): string =>
  `${Math.max(1, Math.min(maxTimeoutDigits, Math.ceil(timeoutMs)))}m`;

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** @returns what a header `grpc-timeout` says, in ms; undefined where it is none */
export function parseTimeout(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const ms = unitMs[unit];
  return ms === undefined ? undefined : Number(digits) * ms;
}

/** @returns whether a content type is gRPC's, with protobufs for messages */
export const isGrpcContentType = (text: string | undefined): boolean =>
  text === 'application/grpc' || (text !== undefined && contentTypeShape.test(text));
const contentTypeShape = /^application\/grpc(?:\+proto)?[ \t]*(?:;|$)/i;

/** A `grpc-message`: what is no printable ASCII is percent-encoded, and `%` and outer spaces too. */
export const encodeMessage = (text: string): string =>
  plainMessage.test(text)
    ? text
    : text.replace(/\p{Surrogate}/gu, '\ufffd').replace(notPlain, encodeURIComponent);
const plainMessage = /^(?! )[\x20-\x24\x26-\x7e]*(?<! )$/;
const notPlain = /^ +| +$|[^\x20-\x24\x26-\x7e]+/g;

/** A `grpc-message`: UTF-8, percent-encoded. One that is not stays as it is. */
export function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Headers of HTTP and of gRPC itself, which no metadata may stand for. */
const reserved =
  /^(?::|grpc-|accept|connection$|content-|expect$|host$|keep-alive$|proto-name$|proxy-|te$|trailer$|transfer-encoding$|upgrade$|user-agent$|http2-settings$)/;
const nameShape = /^[0-9a-z_.-]+$/;
/** RFC 9113 §8.2.1 and gRPC's ASCII-Value. */
const valueShape = /^[\x20-\x7e]*$/;

/** @returns whether a header can go along as metadata */
export const isMetadata = (name: string, value: string): boolean =>
  nameShape.test(name) && valueShape.test(value) && !reserved.test(name);
