/**
 * The shell blocks of our documents, and what the comment above each says of it:
 *
 *     <!-- run -->                             in a shell, in a clean copy of the repository; it must succeed
 *     <!-- run, exit 1 -->                     likewise, with this exit code
 *     <!-- run, stays up: "listening" -->      started and left running once it has written these words;
 *                                              what the document left running before is stopped
 *     <!-- run, beside it, stays up: "…" -->   likewise, but what runs goes on
 *     <!-- run with kubectl -->                against a Kubernetes API server without nodes
 *     <!-- run with kubectl, exit 1, in a new cluster after "command" -->    each part may be left out
 *     <!-- not run: why -->                    not here; the reason says where, or why it cannot be
 *
 * A block of another language below `<!-- output -->` is what the last command wrote, or below
 * `<!-- output of what stays up -->` what the programs did, or below `<!-- output in a cluster -->` what
 * test/cluster sees. `…` stands for anything in a line, or alone
 * for any lines; the times and ports of the run may be others.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository: string = fileURLToPath(new URL('../../..', import.meta.url));

export type Marker =
  | { readonly kind: 'run'; readonly exitCode: number }
  | { readonly kind: 'stays-up'; readonly until: string; readonly beside: boolean }
  | {
      readonly kind: 'kubectl';
      readonly exitCode: number;
      readonly inNewCluster: boolean;
      /** What that is presumed to have seen. */
      readonly after: string | undefined;
    }
  | { readonly kind: 'not-run'; readonly why: string }
  | { readonly kind: 'output'; readonly ofPrograms: boolean }
  | { readonly kind: 'cluster-output' };

export interface Block {
  /** `docs/kafka.md`. */
  readonly document: string;
  /** Of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Undefined where there is no comment above it, or one that is none of these. */
  readonly marker: Marker | undefined;
}

/** For messages: where it stands. */
export const placeOf = ({ document, line }: Block): string => `${document}:${line}`;

/** What a shell would take. */
export const isShell = ({ language }: Block): boolean =>
  ['sh', 'bash', 'shell', 'console', 'zsh'].includes(language);

/** All Markdown of the repository that speaks to users; decisions and the changelog do not. */
export function documents(): readonly string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
  const names = execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).split('\n');
  const isOurs = (name: string) =>
    name !== '' && name !== 'CHANGELOG.md' && !/^(docs\/decisions|node_modules|test)\//.test(name);
  return names.filter(isOurs).sort();
}

/** The blocks of a document, in order. */
export function blocksOf(document: string): readonly Block[] {
  const lines = readFileSync(join(repository, document), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', fence, language = ''] = /^( *)(`{3,})(\S*)/.exec(lines[at] ?? '') ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, i) => i > at && line.trim() === fence);
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    const marker = markerAbove(lines, at);
    blocks.push({ document, line: at + 1, language, text: text.join('\n'), marker });
    at = end;
  }
  return blocks;
}

function markerAbove(lines: readonly string[], at: number): Marker | undefined {
  const above = lines.slice(0, at).findLast((line) => line.trim() !== '');
  const [, comment = ''] = /^\s*<!-- (.*) -->$/.exec(above ?? '') ?? [];
  return parseMarker(comment);
}

const kubectlMarker = /^run with kubectl(?:, exit (\d+))?(, in a new cluster(?: after "(.+)")?)?$/;

/** @param comment its words, without the arrows */
export function parseMarker(comment: string): Marker | undefined {
  const [, exitCode = '0'] = /^run(?:, exit (\d+))?$/.exec(comment) ?? [];
  if (/^run(?:, exit \d+)?$/.test(comment)) return { kind: 'run', exitCode: Number(exitCode) };
  const [, beside, until] = /^run(, beside it)?, stays up: "(.+)"$/.exec(comment) ?? [];
  if (until !== undefined) return { kind: 'stays-up', until, beside: beside !== undefined };
  if (comment === 'output in a cluster') return { kind: 'cluster-output' };
  const kubectl = kubectlMarker.exec(comment);
  if (kubectl !== null) {
    const [, exit = '0', anew, after] = kubectl;
    return { kind: 'kubectl', exitCode: Number(exit), inNewCluster: anew !== undefined, after };
  }
  const [, why] = /^not run: (.{20,})$/.exec(comment) ?? [];
  if (why !== undefined) return { kind: 'not-run', why };
  const [, ofPrograms] = /^output( of what stays up)?$/.exec(comment) ?? [];
  if (/^output( of what stays up)?$/.test(comment)) {
    return { kind: 'output', ofPrograms: ofPrograms !== undefined };
  }
  return undefined;
}

/** What to do about a block that nobody knows how to treat. */
export const howToClassify = `Put one of these comments right above each shell block:
  <!-- run -->                            run in a shell in a clean copy of the repository; must succeed
  <!-- run, exit 1 -->                    likewise, with this exit code
  <!-- run, stays up: "words" -->         started, and left running once it has written these words
  <!-- run, beside it, stays up: "…" -->  likewise, without stopping what the document started before
  <!-- run with kubectl -->               run against a real Kubernetes API server without nodes
  <!-- run with kubectl, exit 1, in a new cluster after "command" -->   each part may be left out
  <!-- not run: <reason> -->              of 20 letters or more: where it is run instead, or why it cannot be
and <!-- output --> above a block of another language that shows what the command writes.`;
