/** The kafkajs client: addresses, timeouts, and its log as ours. */

import { Kafka, type logCreator, logLevel } from 'kafkajs';
import type { Log } from '../delivery/ports.ts';
import { type Compression, compressWith, registerCodecs } from './compression.ts';
import { replaceInternals } from './kafkajs-internals.ts';
import type { KafkaSecurity } from './security/security.ts';
import { plainSocketFactory } from './security/socket-factory.ts';

export interface KafkaClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  /** Of everything written by this client; none unless given. All codecs are read. */
  readonly compression?: Compression;
  /** None: brokers are talked to in the clear, and know nobody. */
  readonly security?: KafkaSecurity;
}

const connectTimeoutMs = 3_000;
/** Managed brokers are far away, and their first answer takes several trips. */
const secureConnectTimeoutMs = 10_000;

/**
 * Within kafkajs a failing call is tried a few times only; those who made it go on trying and say
 * what they wait for.
 */
const briefRetry = { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 };

/** Makes a client; nothing is connected yet. */
export function createKafkaClient(options: KafkaClientOptions, log: Log): Kafka {
  registerCodecs();
  replaceInternals();
  const { clientConfig } = options.security ?? {};
  const kafka = new Kafka({
    socketFactory: plainSocketFactory,
    ...clientConfig,
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: clientConfig?.ssl === true ? secureConnectTimeoutMs : connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    retry: briefRetry,
    logLevel: logLevel.WARN,
    logCreator: bridgeTo(log),
  });
  return compressWith(kafka, options.compression ?? 'none');
}

/**
 * kafkajs calls errors what it then mends by itself, several lines each: they are kept for whoever
 * asks for debug. What matters is told by the code that waits for it.
 */
const bridgeTo =
  (log: Log): logCreator =>
  () =>
  ({ namespace, log: { message, timestamp: _timestamp, logger: _logger, ...fields } }) => {
    log.debug({ kafkajs: namespace, ...fields }, message);
  };
