/** A diagnosis for people, and for programs. */

import type { Check, CheckState, Evidence } from './check.ts';
import type { Diagnosis } from './diagnose.ts';
import { exitCodeOf, type Verdict } from './verdict.ts';

const marks: Readonly<Record<CheckState, string>> = {
  fine: '✓',
  note: '·',
  warning: '!',
  fault: '✗',
  unseen: '?',
};

/** Lines for a terminal; no colours, so that a log or a ticket has the same. */
export function reportText({ namespace, name, checks, verdict }: Diagnosis): string[] {
  const lines = [`SeldonDeployment ${namespace}/${name}`];
  let part: string | undefined;
  for (const check of checks) {
    if (check.part !== part) lines.push('', check.part);
    part = check.part;
    lines.push(...checkLines(check));
  }
  return [...lines, '', ...verdictLines(verdict, checks)].map(printable);
}

function checkLines({ state, told, evidence, todo }: Check): string[] {
  const isOdd = state === 'fault' || state === 'warning';
  return [
    `  ${marks[state]} ${told}`,
    ...evidence.map((each) => `      ${evidenceText(each)}`),
    ...(isOdd && todo !== undefined ? [`      → ${todo}`] : []),
  ];
}

const longestValue = 300;

function evidenceText({ object, field, value }: Evidence): string {
  const shown = value.length > longestValue ? `${value.slice(0, longestValue)}…` : value;
  return `${object}: ${field}: ${shown}`;
}

function verdictLines(verdict: Verdict, checks: readonly Check[]): string[] {
  const unseen = checks.filter(({ state }) => state === 'unseen').length;
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  const counted = [
    ...(warnings > 0 ? [`${warnings} to know of (!)`] : []),
    ...(unseen > 0 ? [`${unseen} not looked at (?)`] : []),
  ].join(', ');
  const also = counted === '' ? '' : `; ${counted}`;
  if (verdict.kind === 'unseen') return ['Verdict: ? it could not be looked at'];
  if (verdict.cause === undefined) {
    return [
      `Verdict: ✓ ${unseen > 0 ? 'nothing wrong in what was looked at' : 'all is well'}${also}`,
    ];
  }
  const { cause, explained, beside } = verdict;
  return [
    `Verdict: ✗ ${cause.told}${also}`,
    `  → ${cause.todo ?? ''}`,
    ...(explained.length === 0
      ? []
      : ['  It explains:', ...explained.map(({ told }) => `    - ${told}`)]),
    ...(beside.length === 0
      ? []
      : ['  Wrong beside it:', ...beside.map(({ told }) => `    - ${told}`)]),
  ];
}

/** What comes from the cluster must not steer a terminal. */
const printable = (line: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  line.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');

/** JSON for scripts: the same, with the exit code. */
export function reportJson({ namespace, name, checks, verdict }: Diagnosis): string {
  const brief = ({ id, told, todo }: Check) => ({ id, told, todo });
  return JSON.stringify(
    {
      namespace,
      name,
      verdict: {
        result: verdict.kind,
        exitCode: exitCodeOf(verdict),
        ...(verdict.cause !== undefined && { cause: brief(verdict.cause) }),
        explained: verdict.explained.map(brief),
        beside: verdict.beside.map(brief),
        warnings: checks.filter(({ state }) => state === 'warning').length,
        notLookedAt: checks.filter(({ state }) => state === 'unseen').length,
      },
      checks: checks.map(({ id, part, state, told, todo, evidence }) => ({
        id,
        part,
        state,
        told,
        ...(todo !== undefined && { todo }),
        evidence,
      })),
    },
    null,
    2,
  );
}
