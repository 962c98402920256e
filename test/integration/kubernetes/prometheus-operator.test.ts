/** What we ship for the Prometheus operator, before a real API server with the operator's own CRDs. */

import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { readYaml } from '../../support/config-dir.ts';
import { goModuleDir } from '../../support/go-module.ts';
import { helmTemplate } from '../../support/helm.ts';
import { useKubeServer } from '../../support/kube-server.ts';
import { buildOwn, kustomizeMissing } from '../../support/kustomize.ts';
import { placedIn } from '../../support/placed-in.ts';

const operator = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const kinds = ['PrometheusRule', 'ServiceMonitor'] as const;
type Kind = (typeof kinds)[number];

const goMissing = await kustomizeMissing();
const kube = await useKubeServer({
  prepare: async ({ admin }) => {
    const dir = join(await goModuleDir(operator), 'example/prometheus-operator-crd');
    const crds = kinds.flatMap((kind) =>
      readYaml<Manifest>(join(dir, `monitoring.coreos.com_${kind.toLowerCase()}s.yaml`)),
    );
    await applyCrds(admin, crds);
  },
});

interface Told extends Manifest {
  readonly message?: string;
}

describe.skipIf(kube.missing || goMissing)('the Prometheus operator', () => {
  let shipped: readonly Manifest[];
  let chart: readonly Manifest[];
  beforeAll(async () => {
    const components = ['components/alerts', 'components/service-monitor'];
    const all = await buildOwn({ resources: ['.'], components });
    shipped = all.filter(({ kind }) => kinds.some((one) => one === kind));
    const values = { serviceMonitor: { enabled: true } };
    chart = (await helmTemplate(values)).filter(({ kind }) => kinds.some((one) => one === kind));
  }, 600_000);

  /** As the API server takes it, naming every field that the CRD does not know. */
  async function apply(manifest: Manifest): Promise<{ status: number; told: Told }> {
    const [placed] = placedIn(await kube.createNamespace(), [manifest]);
    if (placed === undefined) throw new Error('nothing was placed');
    const path = await kube.admin.pathOf(placed);
    const query = 'fieldManager=test&force=true&fieldValidation=Strict';
    const { status, body } = await kube.admin.request<Told>(
      'PATCH',
      `${path}?${query}`,
      placed,
      'application/apply-patch+yaml',
    );
    return { status, told: body };
  }

  const one = (kind: Kind): Manifest => {
    const [only, ...others] = shipped.filter((manifest) => manifest.kind === kind);
    if (only === undefined || others.length > 0) throw new Error(`${kind}: not one`);
    return only;
  };

  test.each(kinds)('%s: the API server takes and keeps all of it', async (kind) => {
    const manifest = one(kind);
    const { status, told } = await apply(manifest);
    expect([status, told.message]).toEqual([201, undefined]);
    expect(told['spec']).toEqual(manifest['spec']);
  });

  test("the Helm chart's ServiceMonitor too", async () => {
    expect(chart.map(({ kind }) => kind)).toEqual(['ServiceMonitor']);
    for (const manifest of chart) {
      const { status, told } = await apply(manifest);
      expect([status, told.message]).toEqual([201, undefined]);
      expect(told['spec']).toEqual(manifest['spec']);
    }
  });

  type Rule = Record<string, unknown>;
  const withRule = (change: (rule: Rule) => Rule): Manifest => {
    const copy = structuredClone(one('PrometheusRule')) as Manifest & {
      spec: { groups: { rules: Rule[] }[] };
    };
    const [group] = copy.spec.groups;
    if (group !== undefined) group.rules = group.rules.map(change);
    return copy;
  };

  test.each<[string, (rule: Rule) => Rule, RegExp]>([
    ['without an expression', ({ expr: _, ...rule }) => rule, /expr: Required value/],
    ['for no duration', (rule) => ({ ...rule, for: 'soon' }), /for: Invalid value/],
    ['with a misspelt field', (rule) => ({ ...rule, forr: '1m' }), /forr: field not declared/],
  ])('a rule %s would be refused', async (_, change, reason) => {
    const { status, told } = await apply(withRule(change));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(told.message).toMatch(reason);
  });
});
