/**
 * Knative Triggers follow a changed address.
 *
 * The reconciler of the multi-tenant broker watches its Broker, not the subscribers: a Trigger whose
 * subscriber got another address keeps the old one until somebody touches it. So we do, where the
 * optional permission is granted: an annotation with the address is enough.
 */

import type { Log, Schedule } from '../delivery/ports.ts';
import { isApiError } from '../kubernetes/api-error.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { type KubeObject, refOf } from '../kubernetes/kube-object.ts';
import { brokerKind, seldonDeploymentKind, triggerKind } from './kinds.ts';
import { recordOf } from './live-object.ts';
import type { Writer } from './writer.ts';

export interface TriggersDeps {
  readonly client: Pick<KubernetesClient, 'discover' | 'get' | 'list'>;
  readonly writer: Pick<Writer, 'patchMerge'>;
  readonly schedule: Schedule;
  readonly log: Log;
}

export interface Triggers {
  /**
   * The address of a SeldonDeployment was set, or may have been set while nobody looked: its
   * Triggers are touched soon, unless they have it.
   */
  readonly addressed: (namespace: string, name: string, url: string) => void;
  readonly close: () => void;
}

export const addressAnnotation = 'seldon-eventing.io/subscriber-address';

/** The class whose Triggers do not follow by themselves. */
const multiTenantClass = 'MTChannelBasedBroker';
const pageSize = 250;
/** All that change within a while share one look at the Triggers of their namespace. */
const gatherMs = 500;
const retryMs = 10_000;

export function createTriggers({ client, writer, schedule, log }: TriggersDeps): Triggers {
  /** By namespace: the names that are due, with their addresses. */
  const due = new Map<string, Map<string, string>>();
  const timers = new Set<() => void>();
  let toldForbidden = false;
  let closed = false;

  const later = (delayMs: number, namespace: string): void => {
    const cancel = schedule(delayMs, () => {
      timers.delete(cancel);
      void touchAll(namespace);
    });
    timers.add(cancel);
  };

  const isMultiTenant = async ({ metadata, ...trigger }: KubeObject): Promise<boolean> => {
    const { broker } = recordOf(trigger['spec']);
    const ref = { ...brokerKind, namespace: metadata.namespace, name: String(broker) };
    try {
      const found = await client.get(ref);
      const brokerClass = found?.metadata.annotations?.['eventing.knative.dev/broker.class'];
      return brokerClass === multiTenantClass;
    } catch (error) {
      // Without the right to read Brokers: touching one too many does no harm.
      if (isApiError(error, 403)) return true;
      throw error;
    }
  };

  const touch = async (trigger: KubeObject, urls: ReadonlyMap<string, string>): Promise<void> => {
    const url = urls.get(subscriberName(trigger) ?? '');
    if (url === undefined || hasAddress(trigger, url) || !(await isMultiTenant(trigger))) return;
    await writer.patchMerge(refOf(trigger), {
      metadata: { annotations: { [addressAnnotation]: url } },
    });
    const { namespace, name } = trigger.metadata;
    log.info({ namespace, trigger: name, url }, 'touched a Trigger: its subscriber has moved');
  };

  const touchThrough = async (namespace: string, urls: ReadonlyMap<string, string>) => {
    const resource = await client.discover(triggerKind.apiVersion, triggerKind.kind);
    if (resource === undefined) return;
    let next: string | undefined;
    do {
      const page = await client.list(resource, { namespace, limit: pageSize, continue: next });
      for (const trigger of page.items) await touch(trigger, urls);
      next = page.continue;
    } while (next !== undefined && !closed);
  };

  const touchAll = async (namespace: string): Promise<void> => {
    const urls = due.get(namespace);
    due.delete(namespace);
    if (urls === undefined || closed) return;
    try {
      await touchThrough(namespace, urls);
    } catch (error) {
      if (closed) return;
      if (isApiError(error, 403)) return forbidden(error);
      log.warn({ err: error, namespace }, 'Triggers could not be touched; trying again');
      // What came meanwhile is newer.
      due.set(namespace, new Map([...urls, ...(due.get(namespace) ?? [])]));
      later(retryMs, namespace);
    }
  };

  const forbidden = (error: Error): void => {
    if (toldForbidden) return;
    toldForbidden = true;
    log.info(
      { err: error },
      'Triggers are not touched when an address changes: config/components/trigger-refresh grants the permission',
    );
  };

  return {
    addressed: (namespace, name, url) => {
      if (closed) return;
      const urls = due.get(namespace);
      if (urls === undefined) later(gatherMs, namespace);
      due.set(namespace, (urls ?? new Map<string, string>()).set(name, url));
    },
    close: () => {
      closed = true;
      for (const cancel of timers) cancel();
    },
  };
}

/** The SeldonDeployment that a Trigger sends to, in its own namespace. */
function subscriberName({ metadata, ...trigger }: KubeObject): string | undefined {
  const ref = recordOf(recordOf(recordOf(trigger['spec'])['subscriber'])['ref']);
  const group = seldonDeploymentKind.apiVersion.split('/')[0];
  const isOurs =
    ref['kind'] === seldonDeploymentKind.kind &&
    String(ref['apiVersion']).split('/')[0] === group &&
    (ref['namespace'] ?? metadata.namespace) === metadata.namespace;
  return isOurs ? String(ref['name']) : undefined;
}

const hasAddress = ({ metadata, ...trigger }: KubeObject, url: string): boolean =>
  metadata.annotations?.[addressAnnotation] === url ||
  recordOf(trigger['status'])['subscriberUri'] === url;
