import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configDir, readYaml } from '../../support/config-dir.ts';
import {
  dashboard,
  missingIn,
  plainRules,
  type RuleGroup,
  shippedQueries,
  syntaxFault,
} from '../../support/promql.ts';

const alerts = plainRules().flatMap(({ rules }) => rules);
const runbook = readFileSync(join(configDir, '../docs/runbook.md'), 'utf8');
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0] ?? '', section] as const),
);

describe('queries that are shipped', () => {
  test.each(shippedQueries().map(({ where, expr }) => [where, expr]))('%s: %s', (_where, expr) => {
    expect(syntaxFault(expr)).toBe(undefined);
  });

  test('are read by a grammar that refuses what is none', () => {
    expect(syntaxFault('sum by (a (b)')).toMatch(/cannot be read/);
    expect(syntaxFault('rate(a[5m]) >')).toMatch(/cannot be read/);
  });

  test('of a metric or label that is not there are found', () => {
    const scrape = '# TYPE a_total counter\na_total{code="1"} 1\n# TYPE b_total counter\n';
    const ask = (expr: string) => missingIn(scrape, [{ where: 'x', expr }], new Set(['b_total']));
    expect(ask('sum by (code) (rate(a_total{namespace="n"}[5m])) + b_total{x="1"}')).toEqual([]);
    expect(ask('c_total')).toEqual(['x: there is no metric c_total']);
    expect(ask('sum by (kind) (a_total{old="1"})')).toEqual([
      'x: a_total has no label old',
      'x: a_total has no label kind',
    ]);
  });
});

describe('the dashboard', () => {
  test('chooses data source, namespace, deployment and predictor', () => {
    expect(dashboard().templating.list.map(({ name }) => name)).toEqual([
      'datasource',
      'namespace',
      'deployment',
      'predictor',
    ]);
  });

  test('is a ConfigMap with the label that sidecars look for', () => {
    const [component] = readYaml<Record<string, unknown>>(
      join(configDir, 'grafana/kustomization.yaml'),
    );
    expect(component).toMatchObject({
      kind: 'Component',
      configMapGenerator: [
        { files: ['dashboard.json'], options: { labels: { grafana_dashboard: '1' } } },
      ],
    });
  });
});

describe('alerts', () => {
  test('are the same for the Prometheus operator and without it', () => {
    const [rule] = readYaml<{ apiVersion: string; spec: { groups: RuleGroup[] } }>(
      join(configDir, 'components/alerts/prometheus-rule.yaml'),
    );
    expect(rule?.apiVersion).toBe('monitoring.coreos.com/v1');
    expect(rule?.spec.groups).toEqual(plainRules());
  });

  test('have names of their own, a severity, a sentence and a section of the runbook', () => {
    const names = alerts.map(({ alert }) => alert);
    expect([...new Set(names)]).toEqual(names);
    for (const { alert, labels, annotations, for: pending = '0m' } of alerts) {
      expect(labels['severity'], alert).toMatch(/^(?:warning|critical)$/);
      expect(pending, alert).toMatch(/^\d+m$/);
      expect(annotations['summary'], alert).toMatch(/\.$/);
      expect(annotations['runbook_url'], alert).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  test('and the runbook have the same names', () => {
    expect([...sections.keys()].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  test.each(alerts.map(({ alert }) => alert))(
    '%s: meaning, confirmation, what to do and what not',
    (alert) => {
      const section = sections.get(alert) ?? '';
      for (const part of ['Means', 'Confirm', 'Do', 'Do not']) {
        expect(section, part).toContain(`**${part}.**`);
      }
      expect(section).toMatch(/```sh\n[^`]+```/);
    },
  );
});
