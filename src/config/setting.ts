/** What a setting is: its names, its type, what it does. Everything else is derived from this. */

import { z } from 'zod';
import { parseDurationMs } from '../duration.ts';

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** Environment variable. A flag of the same name, dashes or underscores alike, overrides it. */
  readonly env: string;
  /** Further environment variables, read where `env` is unset. */
  readonly aliases?: readonly string[];
  /** Further flags, without dashes before and with underscores within. */
  readonly flags?: readonly string[];
  /** From text to value. */
  readonly schema: Schema;
  /** The text that stands for an unset variable; none: it may be unset, or is `required`. */
  readonly fallback?: string;
  /** How the documents name a fallback that is not a fixed text. */
  readonly fallbackText?: string;
  readonly required?: boolean;
  /** The flag alone means `true`. */
  readonly isSwitch?: boolean;
  /** For `--help` and docs/configuration.md: what it does, in whole sentences. */
  readonly doc: string;
}

/** Settings by the name that the code uses. */
export type SettingGroup = Readonly<Record<string, Setting>>;

/** The values of a group: undefined only where there is neither a fallback nor a requirement. */
export type ValuesOf<Group extends SettingGroup> = {
  readonly [Name in keyof Group]: Group[Name] extends
    | { readonly fallback: string }
    | { readonly required: true }
    ? z.output<Group[Name]['schema']>
    : z.output<Group[Name]['schema']> | undefined;
};

const wholeNumber = /^\d+$/;

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(wholeNumber, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `expected at least ${min}`).max(max, `expected at most ${max}`))
    .meta({ title: `${min}–${max}` });

/** Milliseconds. A timer of Node takes at most 2^31 − 1 of them. */
export const milliseconds = (min: number) =>
  z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== undefined) return ms;
      context.addIssue('expected milliseconds, or a duration such as 15s, 500ms or 1m30s');
      return z.NEVER;
    })
    .pipe(
      z
        .number()
        .min(min, `expected at least ${min} ms`)
        .max(2 ** 31 - 1, 'is too long'),
    )
    .meta({ title: 'milliseconds' });

/** `true` or `false`, written in any way that Go's flags and Seldon's executor take. */
export const yesOrNo = z
  .string()
  .transform((text, context) => {
    const value = parseGoBoolean(text);
    if (value !== undefined) return value ? 'true' : 'false';
    context.addIssue('expected true or false');
    return z.NEVER;
  })
  .meta({ title: '`true`, `false`' });

/** @returns undefined where the text is no boolean; any case, where Go takes only some */
export function parseGoBoolean(text: string): boolean | undefined {
  if (/^(?:1|t|true)$/i.test(text)) return true;
  return /^(?:0|f|false)$/i.test(text) ? false : undefined;
}

/** One of a few words, without regard to case. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z
    .string()
    .transform((text) => words.find((word) => word.toLowerCase() === text.toLowerCase()) ?? text)
    .pipe(z.enum(words, `expected one of: ${words.join(', ')}`))
    .meta({ title: words.map((word) => `\`${word}\``).join(', ') });

/** Words separated by commas. */
export const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  )
  .meta({ title: 'comma-separated list' });

/** Any text. */
export const text = z.string().meta({ title: 'text' });

/** The base address of a predictor, over HTTP or gRPC. */
export const predictorAddress = z
  .string()
  .transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isBase = url !== undefined && url.search + url.hash + url.username + url.password === '';
    if (isBase && /^https?:$/.test(url.protocol)) return url;
    // Schemes that URL does not know have neither a default port nor their hosts checked.
    const twin = value.replace(/^grpc(?=s?:)/i, 'http');
    const isGrpc = /^grpcs?:\/\/[^/]+:\d+(?:\/|$)/i.test(value) && URL.canParse(twin);
    if (isBase && isGrpc) return url;
    context.addIssue(
      'expected a URL without query, such as http://127.0.0.1:9000, https://…, grpc://127.0.0.1:9500 or grpcs://… (gRPC with its port)',
    );
    return z.NEVER;
  })
  .meta({ title: 'URL' });

/** An http or https URL without query or fragment. */
export const httpUrl = z
  .string()
  .transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.search + url.hash === '') {
      return url;
    }
    context.addIssue(
      'expected an http:// or https:// URL without query, such as http://127.0.0.1:9000',
    );
    return z.NEVER;
  })
  .meta({ title: 'URL' });

/** A DNS label or subdomain, as Kubernetes names things. */
export const kubernetesName = z
  .string()
  .regex(
    /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/,
    'expected a Kubernetes name: a–z, 0–9, "-", "."',
  )
  .meta({ title: 'Kubernetes name' });
