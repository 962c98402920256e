/** The settings of the `replay` command. */

import { z } from 'zod';
import { errorCodes, type Fault } from '../errors.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecuritySettings } from './kafka-security.ts';
import { kafkaSecurityConflicts } from './kafka-security-rules.ts';
import { type Environment, type Parsed, parseSettings } from './parse.ts';
import {
  integer,
  list,
  oneOf,
  type SettingGroup,
  text,
  type ValuesOf,
  yesOrNo,
} from './setting.ts';

type OneOrMore<Word> = readonly [Word, ...Word[]];

const codes = Object.keys(errorCodes) as unknown as OneOrMore<string>;
const faults = [
  ...new Set(Object.values(errorCodes).map(({ fault }) => fault)),
] as unknown as OneOrMore<Fault>;

const words = (allowed: OneOrMore<string>) =>
  list.pipe(oneOf(allowed).array().min(1)).meta({ title: 'comma-separated list' });

/** A time, or how long ago it was. */
export type Moment =
  | { readonly kind: 'at'; readonly atMs: number }
  | { readonly kind: 'ago'; readonly agoMs: number };

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** RFC 3339, or its date alone, which is midnight UTC. */
const time = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/i;

const moment = text
  .transform((value, context): Moment => {
    const ago = /^(\d+(?:\.\d+)?)([smhd])$/.exec(value);
    if (ago !== null) {
      return { kind: 'ago', agoMs: Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs] };
    }
    const atMs = time.test(value) ? Date.parse(value) : Number.NaN;
    if (!Number.isNaN(atMs)) return { kind: 'at', atMs };
    context.addIssue('expected a time such as 2026-01-31T12:00:00Z, or how long ago, such as 2h');
    return z.NEVER;
  })
  .meta({ title: 'time' });

export const replaySettings = {
  brokers: {
    ...kafkaSettings.brokers,
    required: true,
    doc: 'Bootstrap brokers, `host:port`, separated by commas.',
  },
  topic: {
    env: 'REPLAY_TOPIC',
    aliases: ['KAFKA_ERROR_TOPIC'],
    flags: ['topic'],
    schema: kafkaSettings.errorTopic.schema,
    required: true,
    doc: 'Error topic to read, from its beginning (or where REPLAY_GROUP stands) to where it ends at the start. Each of its records names the topic that it goes back to.',
  },
  faults: {
    env: 'REPLAY_FAULT',
    flags: ['fault'],
    schema: words(faults),
    fallbackText: 'all',
    doc: `Only records that failed by these classes of fault: ${faults.join(', ')}.`,
  },
  codes: {
    env: 'REPLAY_CODE',
    flags: ['code'],
    schema: words(codes),
    fallbackText: 'all',
    doc: 'Only records that failed with these codes, such as `PREDICTOR_FAILED,DEADLINE_EXCEEDED`.',
  },
  since: {
    env: 'REPLAY_SINCE',
    flags: ['since'],
    schema: moment,
    doc: 'Only records that failed at this time or later: RFC 3339 such as `2026-01-31T12:00:00Z`, a date, or how long ago, such as `90m`, `2h`, `1d`.',
  },
  until: {
    env: 'REPLAY_UNTIL',
    flags: ['until'],
    schema: moment,
    doc: 'Only records that failed before this time.',
  },
  limit: {
    env: 'REPLAY_LIMIT',
    flags: ['limit'],
    schema: integer(1, Number.MAX_SAFE_INTEGER),
    fallbackText: 'no limit',
    doc: 'Ends after so many records are sent.',
  },
  dryRun: {
    env: 'REPLAY_DRY_RUN',
    flags: ['dry_run'],
    schema: yesOrNo,
    fallback: 'false',
    isSwitch: true,
    doc: 'Prints what would be sent, and sends and commits nothing.',
  },
  group: {
    env: 'REPLAY_GROUP',
    flags: ['group'],
    schema: text,
    doc: 'Consumer group that keeps the position, so that a second replay goes on after the first. It passes what was not asked for, refused or failed too: name a group for each choice of records. Unset: every replay reads from the beginning, and sends again what an earlier one sent.',
  },
  ...kafkaSecuritySettings,
  compression: kafkaSettings.compression,
  sessionTimeoutMs: {
    ...kafkaSettings.sessionTimeoutMs,
    doc: 'After this silence the broker takes a reader for gone. The broker limits it.',
  },
  requestTimeoutMs: kafkaSettings.kafkaRequestTimeoutMs,
} as const satisfies SettingGroup;

export type ReplayConfig = ValuesOf<typeof replaySettings>;

/** Parses and checks everything; all problems are told together. */
export const parseReplayConfig = (
  args: readonly string[],
  environment: Environment,
): Parsed<ReplayConfig> =>
  parseSettings(replaySettings, args, environment, [...kafkaSecurityConflicts]);
