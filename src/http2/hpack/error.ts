/** The error for a header block that cannot be decoded. */

/**
 * A fault in a header block (RFC 7541). It is a connection error of type COMPRESSION_ERROR
 * (RFC 9113 §4.3): the dynamic table may differ from the peer's from here on, so that the connection
 * must end, and its decoder must not be used again.
 */
export class HpackError extends Error {
  override name = 'HpackError';

  /** @param reason what is wrong; of the peer's bytes it holds numbers only, never a name or value. */
  constructor(reason: string) {
    super(`the header block cannot be decoded: ${reason}`);
  }
}
