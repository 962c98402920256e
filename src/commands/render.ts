/** `render`: what the controller would make of a SeldonDeployment, without a cluster or beside one. */

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseRenderConfig, type RenderConfig, renderSettings } from '../config/render.ts';
import { diffWithCluster } from '../controller/diff.ts';
import { seldonDeploymentKind } from '../controller/kinds.ts';
import type { Manifest } from '../controller/render/manifest.ts';
import type { RenderSettings } from '../controller/render/rendered.ts';
import { renderObject } from '../controller/render-object.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { KubeObject } from '../kubernetes/kube-object.ts';
import { readManifests, writeManifests } from '../kubernetes/manifests-file.ts';
import { createLogger } from '../observability/logger.ts';
import type { Command, CommandContext } from './command.ts';
import { readRendering } from './rendering.ts';

/** As `kubectl diff` has them, so that scripts can tell a difference from a failure. */
const exitCodes = { same: 0, problems: 1, differs: 1, diffFailed: 3 } as const;

export const render: Command = {
  name: 'render',
  summary: 'prints what the controller would make of a SeldonDeployment, or change',
  settings: renderSettings,
  examples: [
    ['seldon-eventing render -f sdep.yaml', 'prints Deployments, Services and scalers as YAML'],
    [
      'seldon-eventing render -f sdep.yaml --diff',
      'prints what would change in the cluster; writes nothing',
    ],
  ],
  start: async (context) => {
    const parsed = parseRenderConfig(context.args, context.environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const rendering = await readRendering(parsed.values);
    if (!rendering.ok) return { kind: 'wrong-settings', problems: rendering.problems };
    const client = parsed.values.diff === 'true' ? await clientOf(parsed.values) : undefined;
    if (client !== undefined && !client.ok) {
      return { kind: 'wrong-settings', problems: client.problems };
    }
    const done = run(parsed.values, rendering.values, client?.values, context);
    return { kind: 'running', running: { done, stop: async () => undefined } };
  },
};

async function run(
  config: RenderConfig,
  settings: RenderSettings,
  client: KubernetesClient | undefined,
  context: CommandContext,
): Promise<number> {
  const objects = await readObjects(config, context);
  if (client === undefined) {
    const whole = objects !== undefined && printAll(objects, settings, context);
    return whole ? exitCodes.same : exitCodes.problems;
  }
  try {
    const codes: number[] = [];
    if (objects === undefined) return exitCodes.diffFailed;
    for (const object of objects) codes.push(await printDiff(object, settings, client, context));
    return Math.max(...codes);
  } catch (error) {
    context.complain(error instanceof Error ? error.message : String(error));
    return exitCodes.diffFailed;
  } finally {
    await client.close();
  }
}

async function clientOf({ kubeconfig }: RenderConfig) {
  const { openClient } = await import('./open-client.ts');
  // The log would mix with the difference on standard output.
  return openClient(kubeconfig, createLogger('silent'));
}

/** @returns undefined where the file is no good, which has been told then */
async function readObjects(
  { file, namespace }: RenderConfig,
  { complain }: CommandContext,
): Promise<readonly KubeObject[] | undefined> {
  const read = await readText(file).then(readManifests, (error: NodeJS.ErrnoException) => {
    const problem = { line: 0, message: `cannot be read (${error.code ?? error.message})` };
    return { ok: false, problems: [problem] } as const;
  });
  if (!read.ok) {
    for (const { line, message } of read.problems) {
      complain(`${file}${line > 0 ? `:${line}` : ''}: ${message}`);
    }
    return undefined;
  }
  const sdeps = read.objects.filter(({ kind }) => kind === seldonDeploymentKind.kind);
  if (sdeps.length === 0) {
    complain(`${file}: there is no SeldonDeployment in it`);
    return undefined;
  }
  return sdeps.map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace },
  }));
}

const readText = (file: string): Promise<string> =>
  file === '-' ? text(process.stdin) : readFile(file, 'utf8');

/** @returns whether there were no problems */
function printAll(
  objects: readonly KubeObject[],
  settings: RenderSettings,
  context: CommandContext,
): boolean {
  const made = objects.map((object) => renderAndTell(object, settings, context));
  const whole = made.filter((rendered) => rendered !== undefined);
  const manifests = whole.flatMap((rendered) => rendered.objects.map(withoutUnknownOwner));
  if (manifests.length > 0) context.print(writeManifests(manifests).trimEnd());
  return whole.length === made.length;
}

/** Tells problems and warnings. @returns undefined where there are problems */
function renderAndTell(object: KubeObject, settings: RenderSettings, { complain }: CommandContext) {
  const rendered = renderObject(object, settings);
  const { namespace, name } = object.metadata;
  for (const { reason, message } of rendered.problems) {
    complain(`${namespace}/${name}: ${reason}: ${message}`);
  }
  for (const { reason, message } of rendered.warnings) {
    complain(`${namespace}/${name}: warning: ${reason}: ${message}`);
  }
  return rendered.problems.length > 0 ? undefined : rendered;
}

async function printDiff(
  object: KubeObject,
  settings: RenderSettings,
  client: KubernetesClient,
  context: CommandContext,
): Promise<number> {
  const { namespace, name } = object.metadata;
  const live = await client.get({ ...seldonDeploymentKind, namespace, name });
  const { uid } = live?.metadata ?? {};
  const metadata = { ...object.metadata, ...(uid !== undefined && { uid }) };
  const rendered = renderAndTell({ ...object, metadata }, settings, context);
  if (rendered === undefined) return exitCodes.diffFailed;
  const objects = rendered.objects.map(withoutUnknownOwner);
  const lines = await diffWithCluster(client, live, { ...rendered, objects }, writeManifests);
  for (const line of lines) context.print(line);
  return lines.length === 0 ? exitCodes.same : exitCodes.differs;
}

/** A SeldonDeployment that is only in a file has no uid yet, and so can own nothing. */
function withoutUnknownOwner(manifest: Manifest): Manifest {
  const { ownerReferences = [], ...metadata } = manifest.metadata;
  const known = ownerReferences.filter(({ uid }) => uid !== '');
  return {
    ...manifest,
    metadata: { ...metadata, ...(known.length > 0 && { ownerReferences: known }) },
  };
}
