/** One stream of a connection: a request, and its answer. */

/** Who a stream is for. */
export interface StreamOwner {
  /**
   * A head, or trailers.
   * @param fields alternating names and values, pseudo-headers among them
   * @param isEnd nothing follows
   */
  headers(fields: readonly string[], isEnd: boolean): void;
  /** The chunk is a part of what the connection read, without a copy. */
  data(chunk: Buffer, isEnd: boolean): void;
  /**
   * Told once, and nothing after it.
   * @param code undefined: both sides said all that they had to say; else why it broke off
   */
  closed(code: number | undefined): void;
}

/** Its state; connection.ts and outflow.ts say what happens to it. */
export class Stream {
  readonly id: number;
  owner: StreamOwner | undefined;
  /** How much the peer may be sent. */
  sendWindow: number;
  /** How much the peer may still send. */
  receiveWindow: number;
  /** What was read, and the peer does not know of yet. */
  unannounced = 0;
  /** What waits for the peer's window; undefined: nothing. */
  waiting: Uint8Array | undefined;
  hasEndedHere = false;
  isClosed = false;

  constructor(id: number, owner: StreamOwner, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.owner = owner;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }
}
