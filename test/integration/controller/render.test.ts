/** `seldon-eventing render` as a person runs it. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { Manifest } from '../../../src/controller/render/manifest.ts';
import { applyCrds } from '../../support/apply-crds.ts';
import { ourCrd, seldonDeployments } from '../../support/config-dir.ts';
import { placeFor } from '../../support/controller-case.ts';
import { deploymentName, kafkaEnv, sdep, strayGraph } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });
const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `render` with this on its standard input. */
function render(input: string, args: readonly string[] = [], environment = {}): Promise<Ended> {
  const { PATH = '' } = process.env;
  const env = { PATH, ...environment };
  const child = spawn(process.execPath, [main, 'render', '-f', '-', ...args], { env });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...texts })));
}

describe('render', () => {
  test.each(seldonDeployments.map(({ name, manifest }) => [name, manifest] as const))(
    '%s: prints manifests that can be applied',
    async (_name, manifest) => {
      const { code, out } = await render(stringify(manifest));
      expect(code).toBe(0);
      const made = parseAllDocuments(out).map((document) => document.toJS() as Manifest);
      const kinds = made.map(({ kind }) => kind);
      expect(kinds).toEqual(expect.arrayContaining(['Deployment', 'Service']));
      // A file's SeldonDeployment has no uid, and an owner without one is refused.
      expect(out).not.toContain('ownerReferences');
    },
  );

  test('takes several at once, as JSON too, and puts those without a namespace in that of -n', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [sdep('one'), sdep('two')] };
    const { code, out } = await render(JSON.stringify(list), ['-n', 'models']);
    expect(code).toBe(0);
    for (const name of ['one', 'two']) expect(out).toContain(deploymentName(name));
    expect(out).toContain('namespace: models');
  });

  test('tells problems on standard error and ends with 1; the others are printed', async () => {
    const bad = sdep('bad', { graph: strayGraph });
    const { code, out, err } = await render(
      [bad, sdep('good')].map((it) => stringify(it)).join('---\n'),
    );
    expect(code).toBe(1);
    expect(err).toContain('default/bad: ');
    expect(err).toContain('spec.predictors[0].graph');
    expect(out).toContain(deploymentName('good'));
    expect(out).not.toContain(deploymentName('bad'));
  });

  test('warnings are told on standard error and change nothing else', async () => {
    const { code, err } = await render(stringify(sdep('two', { predictors: ['a', 'b'] })));
    expect([code, err]).toEqual([0, expect.stringContaining('warning: ')]);
  });

  test.each([
    ['', 'no SeldonDeployment'],
    ['a: [', '-:'],
    ['{"apiVersion":"v1","kind":"Service","metadata":{"name":"x"}}', 'no SeldonDeployment'],
  ])('%j is told as what it is', async (input, told) => {
    const { code, err } = await render(input);
    expect([code, err]).toEqual([1, expect.stringContaining(told)]);
  });

  test('a file that is not there is told', async () => {
    const { code, err } = await render('', ['--file', '/nowhere/sdep.yaml']);
    expect([code, err]).toEqual([1, expect.stringContaining('/nowhere/sdep.yaml')]);
  });
});

describe.skipIf(kube.missing)('render --diff', () => {
  const diff = (manifest: Manifest, namespace: string) =>
    render(stringify(manifest), ['--diff', '-n', namespace], { KUBECONFIG: kube.kubeconfigPath() });

  test('shows what would be made, changed and removed, and writes nothing', async () => {
    const place = await placeFor(kube);
    const { namespace } = place;
    const made = await diff(sdep('iris', { predictors: ['a', 'b'] }), namespace);
    expect(made.code).toBe(1);
    expect(made.out).toContain('--- /dev/null');
    expect(await place.list('Deployment')).toEqual([]);
    const controller = await place.start();
    await place.apply(sdep('iris', { predictors: ['a', 'b'] }));
    await place.until(async () =>
      expect(await place.condition('iris', 'ResourcesApplied')).toMatchObject({ status: 'True' }),
    );
    await controller.stop();
    const before = await place.versions();
    const same = await diff(sdep('iris', { predictors: ['a', 'b'] }), namespace);
    expect([same.code, same.out]).toEqual([0, '']);
    const changed = await diff(sdep('iris', { predictors: ['a'], image: 'model:2' }), namespace);
    expect(changed.code).toBe(1);
    expect(changed.out).toMatch(/^-\s+- image: model:1$|^-\s+image: model:1$/m);
    expect(changed.out).toMatch(/^\+\s+image: model:2$/m);
    expect(changed.out).toContain(`--- Deployment ${namespace}/${deploymentName('iris', 'b')}`);
    expect(changed.out).toContain('+++ /dev/null');
    expect(await place.versions()).toEqual(before);
  });

  test('shows no secret, though it is written in the SeldonDeployment itself', async () => {
    const place = await placeFor(kube);
    const env = [...kafkaEnv, { name: 'KAFKA_SASL_PASSWORD', value: 'hunter2' }];
    const { code, out } = await diff(sdep('secret', { serverType: 'kafka', env }), place.namespace);
    expect(code).toBe(1);
    expect(out).toContain('KAFKA_SASL_PASSWORD');
    for (const text of ['hunter2', Buffer.from('hunter2').toString('base64').slice(0, 8)]) {
      expect(out).not.toContain(text);
    }
  });

  test('ends with 3 where it could not be told', async () => {
    const place = await placeFor(kube);
    const problem = await diff(sdep('bad', { graph: strayGraph }), place.namespace);
    expect([problem.code, problem.err]).toEqual([3, expect.stringContaining('/bad: ')]);
    const nowhere = await render(stringify(sdep('a')), ['--diff'], { KUBECONFIG: '/nowhere' });
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('/nowhere')]);
  });
});
