/**
 * Watches over one connection: a peer that vanished is found by pings, and a connection that nobody
 * uses is given back. Clients open another when they need one.
 */

import { constants, type ServerHttp2Session } from 'node:http2';

export interface SessionTimes {
  /** Between pings. */
  readonly keepAliveMs: number;
  /** A ping that is not answered within it ends the connection. */
  readonly keepAliveTimeoutMs: number;
  /** So many pings without a call between them, and the caller is told to use another connection. */
  readonly idlePings: number;
}

export const sessionTimes: SessionTimes = {
  keepAliveMs: 60_000,
  keepAliveTimeoutMs: 20_000,
  idlePings: 10,
};

/** The largest id of a stream: what is under way towards us is still taken (RFC 9113 §6.8). */
const anyStream = 2 ** 31 - 1;

/** Begins to watch, until it closes. @returns what is told of each call that begins */
export function keepSession(session: ServerHttp2Session, times: SessionTimes): () => void {
  let idlePings = 0;
  let timer: NodeJS.Timeout | undefined;

  const destroy = (): void => session.destroy();
  const wait = (action: () => void, ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(action, ms).unref();
  };
  /** @returns whether the connection stays */
  const stays = (): boolean => {
    idlePings += 1;
    // Told first and closed at the next ping: no call that is on its way is lost, and those under
    // way may end.
    if (idlePings === times.idlePings) session.goaway(constants.NGHTTP2_NO_ERROR, anyStream);
    if (idlePings > times.idlePings) session.close();
    return idlePings <= times.idlePings;
  };
  const check = (): void => {
    if (session.destroyed || session.closed || !stays()) return;
    wait(destroy, times.keepAliveTimeoutMs);
    const sent = session.ping((error) => {
      if (error === null) wait(check, times.keepAliveMs);
      else destroy();
    });
    if (!sent) destroy();
  };

  session.on('error', () => undefined);
  session.on('close', () => clearTimeout(timer));
  wait(check, times.keepAliveMs);
  return () => {
    idlePings = 0;
  };
}
