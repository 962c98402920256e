/** Puts together what reconciles in one mode. */

import type { Log } from '../delivery/ports.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { EventRecorder } from '../kubernetes/events.ts';
import { createApplyObjects } from './apply-objects.ts';
import { createWithAuthorities } from './authorities.ts';
import type { Caches } from './caches.ts';
import { createContest } from './contest.ts';
import type { ControllerMode } from './kinds.ts';
import { createMemory } from './memory.ts';
import { createReconcile, type Reconcile } from './reconcile.ts';
import { createReconcileAttached, type ReconcileAttachedDeps } from './reconcile-attached.ts';
import { createCheckReferences } from './references.ts';
import type { RenderSettings } from './render/rendered.ts';
import { renderObject } from './render-object.ts';
import { createStatusSchema } from './status-schema.ts';
import type { Triggers } from './triggers.ts';
import { createWriteStatus } from './write-status.ts';
import type { Writer } from './writer.ts';

export interface AssembleOptions {
  readonly mode: ControllerMode;
  readonly rendering: RenderSettings;
}

export interface AssembleDeps {
  readonly client: KubernetesClient;
  readonly writer: Writer;
  readonly caches: Caches;
  readonly triggers: Pick<Triggers, 'addressed'>;
  readonly recorder: EventRecorder;
  readonly now: () => number;
  readonly random: () => number;
  readonly wallClock: () => number;
  readonly log: Log;
}

/** With nothing remembered. */
export function assembleReconcile(options: AssembleOptions, deps: AssembleDeps): Reconcile {
  const { client, writer, caches, now, random, log } = deps;
  const contest = createContest({ now, random });
  const whole = options.mode === 'managed';
  const told = new Set<string>();
  const unreadable = (kind: string, message: string): void => {
    if (!told.has(kind)) {
      log.warn({ kind }, `cannot look whether what pods refer to is there: ${message}`);
    }
    told.add(kind);
  };
  const withAuthorities = createWithAuthorities({ client, unreadable });
  const parts: ReconcileAttachedDeps = {
    ...deps,
    contest,
    memory: createMemory(),
    render: (object) =>
      withAuthorities(object.metadata.namespace ?? '', renderObject(object, options.rendering)),
    applyObjects: createApplyObjects({ client, writer, caches }),
    writeStatus: createWriteStatus({
      writer,
      contest,
      whole,
      schema: createStatusSchema(now),
      wrote: caches.wrote,
    }),
  };
  if (!whole) return createReconcileAttached(parts);
  return createReconcile({
    ...parts,
    checkReferences: createCheckReferences({ client, now, unreadable }),
  });
}
