/** What a failed transaction means, and what to do about it, in words. */

import type { TransactionFault } from '../../delivery/transaction.ts';
import { tooLargeTypes } from '../message-size.ts';
import { protocolErrorOf } from '../protocol-error.ts';

const hasName = (error: unknown, name: string): boolean => {
  for (
    let e: unknown = error, depth = 0;
    e instanceof Error && depth < 8;
    e = e.cause, depth += 1
  ) {
    if (e.name === name) return true;
  }
  return false;
};

const fencing = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);

export function judge(error: unknown): TransactionFault {
  const type = protocolErrorOf(error) ?? '';
  if (tooLargeTypes.has(type)) return 'too-large';
  return fencing.has(type) ? 'fenced' : 'passing';
}

export interface TransactionNames {
  readonly transactionalId: string;
  readonly consumerGroup: string;
}

const setting = 'KAFKA_DELIVERY=exactly-once';

/** @returns why Kafka will not do this for us until somebody changes something; else undefined */
export function refusalOf(error: unknown, names: TransactionNames): string | undefined {
  if (hasName(error, 'KafkaJSServerDoesNotSupportApiKey')) {
    return `${setting}, but these brokers have no transactions (some tiers of Azure Event Hubs do not); use brokers that have, or KAFKA_DELIVERY=at-least-once`;
  }
  switch (protocolErrorOf(error)) {
    case 'UNSUPPORTED_VERSION':
    case 'UNSUPPORTED_FOR_MESSAGE_FORMAT':
      return `${setting}, but these brokers do not support it: it needs transactions and stable offsets, of Kafka 2.5 or newer; use such brokers, or KAFKA_DELIVERY=at-least-once`;
    case 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED':
      return `${setting}, but this user may not use the transactional id ${names.transactionalId}; allow it Write and Describe on TransactionalIds with the prefix ${prefixOf(names)}, or use KAFKA_DELIVERY=at-least-once`;
    case 'GROUP_AUTHORIZATION_FAILED':
      return `${setting}, but this user may not commit for the consumer group ${names.consumerGroup}; allow it Read on that group`;
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return `${setting}, but this user may not write idempotently; allow it IdempotentWrite on the cluster (brokers before 2.8 ask for it)`;
    case 'INVALID_TRANSACTION_TIMEOUT':
      return `${setting}, but KAFKA_TRANSACTION_TIMEOUT_MS is longer than the brokers allow; lower it, or raise their transaction.max.timeout.ms`;
    case 'OFFSET_METADATA_TOO_LARGE':
      return `${setting} keeps what is answered beyond the committed offset in the commit's metadata, and the broker refuses it as too large; raise its offset.metadata.max.bytes to 4096`;
    default:
      return undefined;
  }
}

const prefixOf = ({ transactionalId }: TransactionNames): string =>
  transactionalId.replace(/[^-]+$/, '');

/**
 * kafkajs keeps the reason to itself why nobody coordinates a transactional id.
 * @returns what it may be, where the error may pass by itself but hardly will
 */
export function hintOf(error: unknown, names: TransactionNames): string | undefined {
  if (
    !hasName(error, 'KafkaJSGroupCoordinatorNotFound') &&
    !noCoordinator.has(protocolErrorOf(error) ?? '')
  )
    return undefined;
  return `no broker coordinates the transactional id ${names.transactionalId}. Where that stays so, either this user may not use it (allow Write and Describe on TransactionalIds with the prefix ${prefixOf(names)}), or the brokers cannot create their topic __transaction_state (their transaction.state.log.replication.factor must not be larger than their number)`;
}

const noCoordinator = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_NOT_AVAILABLE']);
