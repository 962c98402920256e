/** The settings of the `doctor` command. */

import { clusterSettings, renderingSettings } from './controller.ts';
import { kafkaSettings } from './kafka.ts';
import { kafkaSecuritySettings } from './kafka-security.ts';
import { kafkaSecurityConflicts } from './kafka-security-rules.ts';
import { type Conflict, type Environment, flagsOf, type Parsed, parseSettings } from './parse.ts';
import {
  kubernetesName,
  oneOf,
  type SettingGroup,
  text,
  type ValuesOf,
  yesOrNo,
} from './setting.ts';

export const doctorSettings = {
  sdep: {
    env: 'DOCTOR_SDEP',
    flags: ['sdep'],
    schema: text
      .regex(
        /^(?:[a-z0-9][-a-z0-9.]{0,252}\/)?[a-z0-9][-a-z0-9.]{0,252}$/,
        'expected the name of a SeldonDeployment, or <namespace>/<name>',
      )
      .meta({ title: '[namespace/]name' }),
    required: true,
    doc: 'The SeldonDeployment. Also the first argument without a flag.',
  },
  namespace: {
    env: 'DOCTOR_NAMESPACE',
    flags: ['namespace'],
    schema: kubernetesName,
    fallbackText: "that of the kubeconfig's context, else `default`",
    doc: 'Its namespace, where DOCTOR_SDEP names none. Also `-n`.',
  },
  context: {
    env: 'DOCTOR_CONTEXT',
    flags: ['context'],
    schema: text,
    fallbackText: 'the current one',
    doc: 'Context of the kubeconfig.',
  },
  controllerNamespace: {
    env: 'DOCTOR_CONTROLLER_NAMESPACE',
    flags: ['controller_namespace'],
    schema: kubernetesName,
    fallback: 'seldon-eventing-system',
    doc: "The controller's own namespace, where its Lease is.",
  },
  output: {
    env: 'DOCTOR_OUTPUT',
    flags: ['output'],
    schema: oneOf(['text', 'json']),
    fallback: 'text',
    doc: 'For people, or for scripts. Also `-o`.',
  },
  kafka: {
    env: 'DOCTOR_KAFKA',
    flags: ['kafka'],
    schema: yesOrNo,
    isSwitch: true,
    fallbackText: '`true` where KAFKA_BROKER is set, else `false`',
    doc: 'Asks Kafka itself too: topics, permissions, the group and its offsets. It joins no group and writes nothing.',
  },
  brokers: {
    ...kafkaSettings.brokers,
    fallbackText: 'those of the SeldonDeployment',
    doc: 'Bootstrap brokers as they are reached from here, `host:port`, separated by commas.',
  },
  ...kafkaSecuritySettings,
  requestTimeoutMs: { ...kafkaSettings.kafkaRequestTimeoutMs, fallback: '10000' },
  ...renderingSettings,
  ...clusterSettings,
} as const satisfies SettingGroup;

export type DoctorConfig = ValuesOf<typeof doctorSettings>;

const shortFlags: Readonly<Record<string, string>> = { '-n': '--namespace', '-o': '--output' };

const conflicts: readonly Conflict<typeof doctorSettings>[] = [
  ...kafkaSecurityConflicts,
  {
    between: ['sdep', 'namespace'],
    problem: ({ sdep, namespace }) =>
      namespace === undefined || !sdep.includes('/') || sdep.startsWith(`${namespace}/`)
        ? undefined
        : 'DOCTOR_SDEP and DOCTOR_NAMESPACE name two namespaces: name it once',
  },
  {
    // Whoever may write a SeldonDeployment could otherwise have credentials sent to himself.
    between: ['kafka', 'brokers', 'saslMechanism'],
    problem: ({ kafka, brokers, saslMechanism }) =>
      kafka === 'true' && brokers === undefined && saslMechanism !== undefined
        ? 'KAFKA_BROKER is not set: credentials are shown only to brokers that you name'
        : undefined,
  },
];

/** Parses and checks everything; the SeldonDeployment may stand anywhere among the arguments. */
export function parseDoctorConfig(
  args: readonly string[],
  environment: Environment,
): Parsed<DoctorConfig> {
  const long = args.map((arg) => shortFlags[arg] ?? arg);
  return parseSettings(doctorSettings, withSubject(long), environment, conflicts);
}

const switches = new Set(
  Object.values<SettingGroup[string]>(doctorSettings)
    .filter(({ isSwitch }) => isSwitch)
    .flatMap((setting) => flagsOf(setting).map((flag) => `--${flag}`)),
);

/** The first argument that belongs to no flag becomes the value of `--sdep`. */
function withSubject(args: readonly string[]): string[] {
  const place = args.findIndex((arg, i) => {
    const before = args[i - 1] ?? '';
    const isValue =
      before.startsWith('-') &&
      !before.includes('=') &&
      !switches.has(before.toLowerCase().replaceAll('_', '-'));
    return !arg.startsWith('-') && !isValue;
  });
  return args.map((arg, i) => (i === place ? `--sdep=${arg}` : arg));
}
