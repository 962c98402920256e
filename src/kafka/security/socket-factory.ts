/** Connections to brokers, each with the certificates as they are then. */

import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import { failUnanswered } from '../unanswered-requests.ts';
import type { Refusals } from './refusals.ts';

export interface SocketFactoryOptions {
  /** Undefined: not encrypted. */
  readonly secureContext: (() => SecureContext) | undefined;
  /** SASL follows, and says itself whether it went well. */
  readonly hasSasl: boolean;
  readonly hasCertificate: boolean;
}

const keepAliveMs = 60_000;

/** Connections that are not encrypted, to brokers that know nobody. */
export const plainSocketFactory: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = connect({ host, port }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  return failUnanswered(socket);
};

/** What kafkajs asks for sockets. It throws where the broker is not to be asked yet. */
export function createSocketFactory(
  { secureContext, hasSasl, hasCertificate }: SocketFactoryOptions,
  refusals: Refusals,
): ISocketFactory {
  const open = (host: string, port: number, onConnect: () => void): Socket => {
    if (secureContext === undefined) return connect({ host, port }, onConnect);
    // An address is no server name (RFC 6066); the certificate is checked against it all the same.
    const servername = isIP(host) === 0 ? { servername: host } : {};
    return connectTls({ host, port, ...servername, secureContext: secureContext() }, onConnect);
  };
  return ({ host, port, onConnect }) => {
    const broker = `${host}:${port}`;
    const standing = refusals.standing(broker);
    if (standing !== undefined) throw new Error(standing);
    const socket = open(host, port, onConnect);
    socket.setKeepAlive(true, keepAliveMs);
    if (secureContext !== undefined) {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        const reason = distrust(error, hasCertificate);
        if (reason !== undefined) refusals.refused(broker, reason);
      });
      // With TLS 1.3 our certificate is refused after the handshake: only an answer says yes.
      if (!hasSasl) socket.once('data', () => refusals.taken(broker));
    }
    return failUnanswered(socket);
  };
}

const untrusted = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|INVALID_PURPOSE)/;

/** @returns why the two sides do not trust each other; undefined for any other fault */
export function distrust(
  { code = '', message }: NodeJS.ErrnoException,
  hasCertificate: boolean,
): string | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the broker's certificate is for another name (${message}): use the name it is for in KAFKA_BROKER and in the broker's advertised listeners`;
  }
  if (untrusted.test(code)) {
    return `the broker's certificate is not trusted (${message}): set KAFKA_SSL_CA_CERT or KAFKA_SSL_CA_CERT_FILE to the authority that signed it`;
  }
  if (!/^(ERR_SSL_|EPROTO)/.test(code)) return undefined;
  if (!code.includes('ALERT')) return `TLS failed (${code}): is this a TLS listener?`;
  return hasCertificate
    ? `the broker refused our certificate (${code})`
    : `the broker refused a connection without certificate (${code}): set KAFKA_SSL_CLIENT_CERT and KAFKA_SSL_CLIENT_KEY`;
}
