/** Reads PromQL by Prometheus' own grammar, and says which metrics and labels an expression asks for. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { configDir, readYaml } from './config-dir.ts';

export interface Query {
  /** Where it stands. */
  readonly where: string;
  readonly expr: string;
}

export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition?: string }[];
  };
}

export const plainRules = (): readonly RuleGroup[] =>
  readYaml<{ groups: readonly RuleGroup[] }>(join(configDir, 'prometheus/rules.yaml')).flatMap(
    ({ groups }) => groups,
  );

export const dashboard = (): Dashboard =>
  JSON.parse(readFileSync(join(configDir, 'grafana/dashboard.json'), 'utf8')) as Dashboard;

/** Every expression of the dashboard and the alerts; of variables, what they list labels of. */
export function shippedQueries(): Query[] {
  const { panels, templating } = dashboard();
  return [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `panel "${title}"`, expr })),
    ),
    ...templating.list.flatMap(({ name, definition }) => {
      const [, expr] = /^label_values\((.*),\s*\w+\)$/.exec(definition ?? '') ?? [];
      return expr === undefined ? [] : [{ where: `variable ${name}`, expr }];
    }),
    ...plainRules().flatMap(({ rules }) =>
      rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
    ),
  ];
}

/** Grafana's own variable for the window of a rate. */
const withoutVariables = (expr: string): string => expr.replaceAll('$__rate_interval', '5m');

/** @returns what is wrong with its syntax; undefined where nothing is */
export function syntaxFault(given: string): string | undefined {
  const expr = withoutVariables(given);
  let fault: string | undefined;
  parser.parse(expr).iterate({
    enter: ({ type, from }) => {
      if (type.isError) fault ??= `cannot be read from "${expr.slice(from, from + 20)}" on`;
    },
  });
  return fault;
}

/** Selectors, and by `by` and `on` one without a metric. */
export function selectorsOf(given: string): Selector[] {
  const expr = withoutVariables(given);
  const found: { metric: string; labels: string[] }[] = [];
  const grouped: string[] = [];
  let inGrouping = false;
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => {
      const text = expr.slice(from, to);
      if (name === 'VectorSelector') found.push({ metric: '', labels: [] });
      const last = found.at(-1);
      if (name === 'Identifier' && last !== undefined) last.metric = text;
      if (name === 'GroupingLabels') inGrouping = true;
      if (name === 'LabelName') {
        if (inGrouping) grouped.push(text);
        else last?.labels.push(text);
      }
    },
    leave: ({ name }) => {
      if (name === 'GroupingLabels') inGrouping = false;
    },
  });
  // Every selector must have what its results are grouped by.
  return found.map(({ metric, labels }) => ({ metric, labels: [...labels, ...grouped] }));
}

/** What Prometheus itself adds when it scrapes a pod. */
const ofTheTarget: ReadonlySet<string> = new Set(['namespace', 'pod', 'job', 'instance']);

/**
 * What the queries ask for and a scrape does not have.
 * @param scrape in the text format
 * @param mayBeEmpty metrics that have no sample here, whose labels so cannot be known
 */
export function missingIn(
  scrape: string,
  queries: readonly Query[],
  mayBeEmpty: ReadonlySet<string> = new Set(),
): string[] {
  const labels = new Map<string, Set<string>>();
  for (const line of scrape.split('\n')) {
    const [, name, inner = ''] = /^([a-z_:]\w*)(?:\{(.*)\})? /i.exec(line) ?? [];
    if (name === undefined) continue;
    const known = labels.get(name) ?? new Set();
    for (const [, label = ''] of inner.matchAll(/([a-z_]\w*)="(?:[^"\\]|\\.)*"/gi))
      known.add(label);
    labels.set(name, known);
  }
  const declared = new Set([...scrape.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  return queries.flatMap(({ where, expr }) =>
    selectorsOf(expr).flatMap(({ metric, labels: asked }) => {
      const known = labels.get(metric);
      if (known === undefined) {
        const isFine = mayBeEmpty.has(metric) && declared.has(metric);
        return isFine ? [] : [`${where}: there is no metric ${metric}`];
      }
      return asked
        .filter((label) => !known.has(label) && !ofTheTarget.has(label))
        .map((label) => `${where}: ${metric} has no label ${label}`);
    }),
  );
}
