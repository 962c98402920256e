/** Several brokers as one cluster, each a controller too. */

import { findFreePort } from '../../src/demo/free-port.ts';
import {
  type KafkaBroker,
  type KafkaBrokerOptions,
  startKafkaBroker,
} from '../../src/demo/kafka-broker.ts';

/** Free ports, no two the same. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await findFreePort());
  return [...ports];
}

/**
 * Starts them at once: a controller waits for most of the others.
 * @param propertiesOf of the broker at an index, whose `node.id` is one more
 */
export async function startBrokerCluster(
  size: number,
  options: Pick<KafkaBrokerOptions, 'say' | 'cacheDir'>,
  propertiesOf: (index: number) => Readonly<Record<string, string>>,
): Promise<KafkaBroker[]> {
  const ports = await freePorts(size);
  const voters = ports.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(',');
  return Promise.all(
    ports.map((controllerPort, i) =>
      startKafkaBroker({
        ...options,
        controllerPort,
        properties: {
          'node.id': String(i + 1),
          'controller.quorum.voters': voters,
          ...propertiesOf(i),
        },
      }),
    ),
  );
}
