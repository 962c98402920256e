/** The settings of the `demo` command: everything has a default that suits a first look. */

import { httpSettings } from './http.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecuritySettings } from './kafka-security.ts';
import { type SettingGroup, yesOrNo } from './setting.ts';

export const demoSettings = {
  httpPort: {
    ...httpSettings.httpPort,
    doc: 'Port of the adapter, on 127.0.0.1; 0 takes a free one.',
  },
  displayPort: {
    ...httpSettings.httpPort,
    env: 'DISPLAY_PORT',
    flags: ['display_port'],
    fallback: '8081',
    doc: 'Port of event-display, on 127.0.0.1; 0 takes a free one.',
  },
  predictorPort: {
    ...httpSettings.httpPort,
    env: 'DEMO_PREDICTOR_PORT',
    flags: ['predictor_port'],
    fallback: '0',
    doc: 'Port of the iris predictor, on 127.0.0.1, for adapters beside the demo; 0 takes a free one.',
  },
  kafka: {
    env: 'DEMO_KAFKA',
    flags: ['kafka'],
    schema: yesOrNo,
    fallback: 'false',
    isSwitch: true,
    doc: 'Runs the same through a real Kafka broker: KAFKA_BROKER where it is set, else one of its own (needs Java and Maven).',
  },
  kafkaPort: {
    ...httpSettings.httpPort,
    env: 'DEMO_KAFKA_PORT',
    flags: ['kafka_port'],
    fallback: '0',
    doc: 'Port of the broker that --kafka starts, on 127.0.0.1; 0 takes a free one.',
  },
  broker: {
    ...kafkaSettings.brokers,
    flags: ['broker'],
    doc: 'Broker to use with --kafka, instead of starting one.',
  },
  ...kafkaSecuritySettings,
} as const satisfies SettingGroup;
