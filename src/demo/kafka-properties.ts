/**
 * The server.properties of one Kafka process that is broker and controller at once, on loopback
 * only, set up to start, rebalance and come back after a kill as fast as it can. Pure.
 */

export interface KafkaPropertiesOptions {
  readonly port: number;
  readonly controllerPort: number;
  readonly logDir: string;
  /**
   * Added to the defaults, or in their place. Listeners and their security protocols are lists:
   * what is given for those is appended, so that the plaintext listener stays.
   */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

const listNames = ['listeners', 'advertised.listeners', 'listener.security.protocol.map'];

/** The text of the file. */
export function kafkaProperties(options: KafkaPropertiesOptions): string {
  const merged = new Map(Object.entries(defaults(options)));
  const extra = options.properties ?? {};
  for (const [name, value] of Object.entries(extra)) {
    const before = listNames.includes(name) ? merged.get(name) : undefined;
    merged.set(name, before === undefined ? value : `${before},${value}`);
  }
  const added = extra['listeners'];
  // A listener is advertised where it listens, unless the caller says otherwise.
  if (added !== undefined && extra['advertised.listeners'] === undefined) {
    merged.set('advertised.listeners', `${merged.get('advertised.listeners')},${added}`);
  }
  return [...merged].map(([name, value]) => `${name}=${escapeValue(value)}\n`).join('');
}

function defaults({ port, controllerPort, logDir }: KafkaPropertiesOptions) {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDir,
    // A topic that was misspelt is to be an error.
    'auto.create.topics.enable': 'false',
    // One broker can hold one replica.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Fewer files to create when the first group or the first transaction comes.
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.num.partitions': '8',
    // A group gets its partitions at once instead of after 3 s.
    'group.initial.rebalance.delay.ms': '0',
    // The controller holds a killed broker for alive so long, and keeps it from coming back:
    // these two bring a restart from 16 s to 4 s.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
  };
}

/** Backslashes and line ends mean something in a properties file. */
const escapeValue = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
