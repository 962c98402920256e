/** A reflector on the stand-in, over real sockets, on a clock that runs twenty times as fast. */

import { afterEach, expect, vi } from 'vitest';
import type { Schedule } from '../../../src/delivery/ports.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/kubernetes/client.ts';
import {
  type ChangeKind,
  createReflector,
  type Reflector,
  type ReflectorDeps,
  type ReflectorEvent,
  type ReflectorOptions,
} from '../../../src/kubernetes/reflector.ts';
import { type FakeApiServer, sdepResource } from '../../support/fake-api-server.ts';
import { createQuietLog } from './quiet-log.ts';

const speed = 20;
export const fastNow = (): number => performance.now() * speed;
export const fastSchedule: Schedule = (delayMs, action) => {
  const timer = setTimeout(action, delayMs / speed);
  return () => clearTimeout(timer);
};

/** Real time. */
export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for it as long as it takes, within the test's time. */
export const eventually = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 8_000, interval: 5 });

export interface ReflectorRig {
  readonly reflector: Reflector;
  readonly client: KubernetesClient;
  readonly changes: string[];
  readonly counts: Map<ReflectorEvent, number>;
  readonly lines: ReturnType<typeof createQuietLog>['lines'];
  /** The names of what is stored. */
  readonly names: () => string[];
  readonly seen: (kind: ChangeKind, name: string) => boolean;
}

export interface RigOptions extends Partial<ReflectorOptions> {
  readonly maxWatchLineBytes?: number;
  readonly maxAnswerBytes?: number;
  readonly deps?: Partial<ReflectorDeps>;
}

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

export function makeClient(
  server: FakeApiServer,
  more: Partial<Parameters<typeof createKubernetesClient>[0]> = {},
) {
  const { log, lines } = createQuietLog();
  const client = createKubernetesClient(
    { kubeconfig: server.kubeconfig, ...more },
    { schedule: fastSchedule, now: fastNow, log },
  );
  toClose.push(client.close);
  return { client, lines };
}

export function startReflector(server: FakeApiServer, options: RigOptions = {}): ReflectorRig {
  const { deps, maxWatchLineBytes, maxAnswerBytes, ...own } = options;
  const { log, lines } = createQuietLog();
  const { client } = makeClient(server, {
    ...(maxWatchLineBytes !== undefined && { maxWatchLineBytes }),
    ...(maxAnswerBytes !== undefined && { maxAnswerBytes }),
  });
  const changes: string[] = [];
  const counts = new Map<ReflectorEvent, number>();
  const reflector = createReflector(
    { resource: sdepResource, resyncMs: 0, ...own },
    {
      client,
      schedule: fastSchedule,
      now: fastNow,
      random: Math.random,
      log,
      onChange: (key, kind) => changes.push(`${kind} ${key.replace('team-a/', '')}`),
      count: (event) => counts.set(event, (counts.get(event) ?? 0) + 1),
      ...deps,
    },
  );
  toClose.unshift(reflector.close);
  reflector.start();
  return {
    reflector,
    client,
    changes,
    counts,
    lines,
    names: () => reflector.list().map(({ metadata }) => metadata.name),
    seen: (kind, name) => changes.includes(`${kind} ${name}`),
  };
}

/** The copy is what the server has, now and for as long as changes go on. */
export async function expectAlive(server: FakeApiServer, rig: ReflectorRig): Promise<void> {
  const name = `probe-${Math.random().toString(36).slice(2)}`;
  server.put(name);
  await eventually(() => expect(rig.names()).toContain(name));
  server.remove(name);
  await eventually(() => expect(rig.names()).not.toContain(name));
}
