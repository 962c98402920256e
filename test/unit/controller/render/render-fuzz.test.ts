import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rendered } from '../../../../src/controller/render/rendered.ts';
import type { Container } from '../../../../src/controller/render/seldon-deployment.ts';
import { ofKind, renderResource, resourceOf, specOf } from './render-case.ts';

const folder = '../../../fixtures/sdep/';
const resources = readdirSync(new URL(folder, import.meta.url)).map((file) =>
  resourceOf(`${folder}${file}`),
);

/** Values that real fields have, so that a change often passes the first checks. */
const likely = fc.constantFrom<unknown>(
  null,
  '',
  0,
  1,
  8000,
  true,
  [],
  {},
  'MODEL',
  'ROUTER',
  'UNKNOWN_TYPE',
  'SKLEARN_SERVER',
  'TENSORFLOW_SERVER',
  'TRITON_SERVER',
  'RANDOM_ABTEST',
  'constructor',
  '__proto__',
  'kafka',
  'grpc',
  'v2',
  'pvc://',
  'classifier',
  'seldon-container-engine',
  'tfserving',
  '\ud800',
  'x'.repeat(64),
);
const replacement = fc.oneof({ weight: 4, arbitrary: likely }, fc.jsonValue());

/** Replaces, or adds, one member somewhere within. */
function changed(value: unknown, path: readonly number[], by: unknown): unknown {
  const [at, ...further] = path;
  if (at === undefined || typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  const key = keys[at % Math.max(keys.length, 1)];
  if (key === undefined) return Array.isArray(value) ? [by] : { name: by };
  const member: unknown = Reflect.get(value, key);
  if (Array.isArray(value)) return value.with(Number(key), changed(member, further, by));
  return { ...value, [key]: changed(member, further, by) };
}

const changes = fc.array(
  fc.tuple(fc.array(fc.nat(30), { minLength: 2, maxLength: 10 }), replacement),
  {
    minLength: 1,
    maxLength: 4,
  },
);
const careless = fc
  .tuple(fc.constantFrom(...resources), changes)
  .map(([resource, steps]) =>
    steps.reduce<unknown>((value, [path, by]) => changed(value, path, by), resource),
  );

/** The same value with the keys of all its objects in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, reordered(member)] as const);
  return Object.fromEntries(entries.reverse());
}

const containersOf = (result: Rendered): readonly Container[] =>
  ofKind(result, 'Deployment').flatMap((deployment) => {
    const { containers, initContainers = [] } = specOf(deployment).template.spec;
    return [...containers, ...initContainers];
  });

function expectUnique(keys: readonly unknown[]): void {
  expect(new Set(keys).size).toBe(keys.length);
}

describe('rendering whatever comes', () => {
  it('never throws, and comes to the same bytes again, in whatever order keys stand', () => {
    fc.assert(
      fc.property(careless, (resource) => {
        const once = JSON.stringify(renderResource(resource));
        expect(JSON.stringify(renderResource(resource))).toBe(once);
        expect(JSON.stringify(renderResource(reordered(resource)))).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  it('makes nothing where there is a problem, and otherwise only what one apply can take', () => {
    fc.assert(
      fc.property(careless, (resource) => {
        const result = renderResource(resource);
        if (result.problems.length > 0) {
          expect(result.objects).toEqual([]);
          return;
        }
        expectUnique(result.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
        for (const { env = [], ports = [], volumeMounts = [] } of containersOf(result)) {
          expectUnique(env.map(({ name }) => name));
          expectUnique(volumeMounts.map(({ mountPath }) => mountPath));
          if (!hasDuplicates(resource)) expectUnique(ports.map(({ name }) => name));
        }
        for (const object of result.objects) {
          expect(object.metadata.name).toMatch(/^[a-z0-9][-a-z0-9.]{0,251}$/);
        }
        for (const { url } of result.addresses) expect(URL.canParse(url)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  it('changes nothing that it was given', () => {
    for (const resource of resources) {
      const before = JSON.stringify(resource);
      renderResource(resource);
      expect(JSON.stringify(resource)).toBe(before);
    }
  });
});

/** Ports that a user gives twice are for Kubernetes to refuse. */
const hasDuplicates = (resource: unknown): boolean =>
  (JSON.stringify(resource).match(/"containerPort"/g) ?? []).length > 1;
