import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { controllerSettings } from '../../../src/config/controller.ts';
import { configDir, readYaml } from '../../support/config-dir.ts';

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken: boolean;
    readonly containers: readonly {
      readonly args: readonly string[];
      readonly env: readonly { readonly name: string }[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly livenessProbe: { readonly httpGet: { readonly path: string } };
      readonly readinessProbe: { readonly httpGet: { readonly path: string } };
    }[];
  };
}

const read = <T>(name: string): T => {
  const [first] = readYaml<T>(join(configDir, name));
  if (first === undefined) throw new Error(`config/${name} is empty`);
  return first;
};
const deployment = read<{ readonly spec: { readonly template: PodTemplate } }>(
  'controller/deployment.yaml',
);
const { metadata, spec } = deployment.spec.template;
const [container] = spec.containers;

describe("the controller's Deployment", () => {
  it('sets nothing that the controller does not know', () => {
    const settings = Object.values(controllerSettings);
    const ours = settings.flatMap((setting) => [
      setting.env,
      ...('aliases' in setting ? setting.aliases : []),
    ]);
    const known: readonly string[] = [...ours, 'NODE_OPTIONS'];
    const set = container?.env.map(({ name }) => name) ?? [];
    expect(set.filter((name) => !known.includes(name))).toEqual([]);
    expect(set).toContain('ADAPTER_IMAGE');
  });

  it('runs the controller, and asks for its health where it is served', () => {
    expect(container?.args).toEqual(['controller']);
    expect(container?.livenessProbe.httpGet.path).toBe('/livez');
    expect(container?.readinessProbe.httpGet.path).toBe('/readyz');
    expect(container?.ports).toContainEqual({ name: 'http', containerPort: 8080 });
  });

  it.each([
    ['controller/disruption-budget.yaml', 'selector'],
    ['controller/network-policy.yaml', 'podSelector'],
    ['controller/service.yaml', 'selector'],
    ['controller/deployment.yaml', 'selector'],
  ])('%s selects its pods', (name, field) => {
    type Selector = Readonly<Record<string, unknown>>;
    const selector = read<{ readonly spec: Readonly<Record<string, Selector>> }>(name).spec[field];
    const labels = (selector?.['matchLabels'] ?? selector) as Selector;
    expect(Object.keys(labels).length).toBeGreaterThan(0);
    expect(metadata.labels).toMatchObject(labels);
  });

  it('has a token, which nothing else in its namespace is given', () => {
    expect(spec.automountServiceAccountToken).toBe(true);
    expect(read('rbac/service-account.yaml')).toMatchObject({
      metadata: { name: spec.serviceAccountName },
      automountServiceAccountToken: false,
    });
  });
});
