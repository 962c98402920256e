/** Looks at a Kafka SeldonDeployment once a second while KEDA scales it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KubeClient } from '../../support/kube-client.ts';
import type { Sample } from './timeline.ts';
import { patienceMs } from './until.ts';

export interface ScalingWatchOptions {
  readonly admin: KubeClient;
  readonly kafka: Admin;
  /** Default `default`. */
  readonly namespace?: string;
  readonly deployment: string;
  readonly topic: string;
  readonly group: string;
}

export interface ScalingWatch {
  readonly samples: readonly Sample[];
  /** What the producer has just been told. */
  setRate(rate: number): void;
  /** Waits until the last `count` samples are all so; throws what was seen where that never comes. */
  until(what: string, holds: (sample: Sample) => boolean, count?: number): Promise<void>;
  close(): Promise<void>;
}

interface Deployment {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

export function watchScaling(options: ScalingWatchOptions): ScalingWatch {
  const { admin, kafka, namespace = 'default', deployment, topic, group } = options;
  const samples: Sample[] = [];
  const begun = performance.now();
  let rate = 0;
  let closed = false;

  const look = async (): Promise<void> => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
    const { status, body } = await admin.request<Deployment>('GET', path);
    if (status !== 200) return;
    samples.push({
      seconds: Math.round((performance.now() - begun) / 100) / 10,
      rate,
      lag: await lagOf(kafka, topic, group),
      replicas: body.spec?.replicas ?? 0,
      ready: body.status?.readyReplicas ?? 0,
    });
  };
  const loop = async (): Promise<void> => {
    while (!closed) {
      // The next look may succeed; a test that waits for it says if none does.
      await look().catch(() => undefined);
      await sleep(1_000);
    }
  };
  const looped = loop();
  return {
    samples,
    setRate: (now) => {
      rate = now;
    },
    until: async (what, holds, count = 1) => {
      const from = samples.length;
      const deadline = performance.now() + 2 * patienceMs;
      for (;;) {
        const seen = samples.slice(from).slice(-count);
        if (seen.length === count && seen.every(holds)) return;
        if (performance.now() > deadline) {
          throw new Error(`waited in vain for ${what}: ${JSON.stringify(samples.slice(-5))}`);
        }
        await sleep(200);
      }
    },
    close: async () => {
      closed = true;
      await looped;
    },
  };
}

/** Records that the group has not answered for, as KEDA counts them. */
export async function lagOf(kafka: Admin, topic: string, group: string): Promise<number> {
  const ends = await kafka.fetchTopicOffsets(topic);
  const [committed] = await kafka.fetchOffsets({ groupId: group, topics: [topic] });
  const positions = new Map(
    committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
  );
  return ends.reduce((lag, { partition, offset }) => {
    return lag + Number(offset) - Math.max(0, positions.get(partition) ?? 0);
  }, 0);
}
