/** Whether one predictor's Kafka settings are whole and valid: what its adapter would refuse to start with. */

import { saslMechanisms, securityProtocols } from '../../delivery/kafka-security.ts';
import { parseTrafficShare } from '../../delivery/traffic-share.ts';
import type { Finding } from './finding.ts';
import { type CredentialRole, variableOf } from './kafka-credentials.ts';
import { type Environment, environmentOf, predictorField } from './kafka-environment.ts';
import {
  type KafkaSettings,
  kafkaSettingsOf,
  offsetResets,
  wholeNumber,
  wordOf,
} from './kafka-settings.ts';
import { isSameValue } from './kafka-sharing.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

const needed = ['KAFKA_BROKER', 'KAFKA_INPUT_TOPIC', 'KAFKA_OUTPUT_TOPIC'];

/** @returns what keeps one predictor's adapter from starting; nothing where its Kafka path is off */
export function checkSettings(sdep: SeldonDeployment, predictor: Predictor): Finding[] {
  const environment = environmentOf(predictor);
  const isKafka = sdep.spec.serverType?.toLowerCase() === 'kafka';
  const isOn = isKafka || environment.has('KAFKA_BROKER') || environment.has('KAFKA_INPUT_TOPIC');
  if (!isOn) return [];
  const where = `${predictorField(sdep.spec.predictors, predictor)}.svcOrchSpec.env`;
  const settings = kafkaSettingsOf(sdep, predictor);
  const missing = needed.filter((name) => !environment.has(name));
  const cause = isKafka ? 'serverType kafka needs it' : 'its other Kafka settings need it';
  return [
    ...missing.map((name) =>
      finding(
        'KafkaSettingMissing',
        `${where}: predictor "${predictor.name}" has no ${name}, and ${cause}; set it`,
      ),
    ),
    ...invalid(environment).map((told) => finding('KafkaSettingInvalid', `${where}${told}`)),
    ...(settings === undefined ? [] : topicProblems(settings, predictor, where)),
    ...(settings === undefined ? [] : credentialProblems(settings, predictor, where)),
    ...(settings === undefined ? [] : mechanismProblems(settings, where)),
  ];
}

const finding = (reason: string, message: string): Finding => ({ reason, message });

const isTopic = (text: string): boolean => /^[\w.-]{1,249}$/.test(text);
const isBroker = (text: string): boolean => /^[^\s/]+:\d{1,5}$/.test(text.trim());

/** What the adapter takes, as src/config/kafka.ts has it. */
const rules: readonly (readonly [string, (text: string) => boolean, string])[] = [
  ['KAFKA_BROKER', (text) => text.split(',').every(isBroker), 'host:port, separated by commas'],
  ['KAFKA_INPUT_TOPIC', isTopic, 'a topic name: letters, digits, "._-"'],
  ['KAFKA_OUTPUT_TOPIC', isTopic, 'a topic name: letters, digits, "._-"'],
  ['KAFKA_ERROR_TOPIC', isTopic, 'a topic name: letters, digits, "._-"'],
  [
    'KAFKA_WORKERS',
    (text) => (wholeNumber(text) ?? 10_001) <= 10_000,
    'a whole number from 1 to 10000',
  ],
  ['KAFKA_NUM_PARTITIONS', (text) => wholeNumber(text) !== undefined, 'a whole number'],
  [
    'KAFKA_OFFSET_RESET',
    (text) => wordOf(text, offsetResets) !== undefined,
    offsetResets.join(' or '),
  ],
  [
    'KAFKA_SECURITY_PROTOCOL',
    (text) => wordOf(text, securityProtocols) !== undefined,
    `one of ${securityProtocols.join(', ')}`,
  ],
  [
    'KAFKA_SASL_MECHANISM',
    (text) => wordOf(text, saslMechanisms) !== undefined,
    `one of ${saslMechanisms.join(', ')}`,
  ],
  [
    'KAFKA_TRAFFIC_SHARE',
    (text) => parseTrafficShare(text) !== undefined,
    'a range of percent, such as 0-70',
  ],
];

function invalid(environment: Environment): string[] {
  return rules.flatMap(([name, isValid, expected]) => {
    const variable = environment.get(name);
    if (variable?.text === undefined || isValid(variable.text)) return [];
    return [`[${variable.index}].value: ${name} is not valid; expected ${expected}`];
  });
}

function topicProblems(settings: KafkaSettings, predictor: Predictor, where: string): Finding[] {
  const topics = [
    ['KAFKA_INPUT_TOPIC', settings.inputTopic],
    ['KAFKA_OUTPUT_TOPIC', settings.outputTopic],
    ['KAFKA_ERROR_TOPIC', settings.errorTopic],
  ] as const;
  const problems: Finding[] = [];
  topics.forEach(([name, topic], i) => {
    if (topic === undefined) return;
    for (const [other, before] of topics.slice(0, i)) {
      if (before === undefined || !isSameValue(before, topic)) continue;
      const told = `${where}: ${other} and ${name} of predictor "${predictor.name}" are one topic, so its answers would be predicted on again or mixed with failures; name another`;
      problems.push(finding('KafkaTopicLoop', told));
    }
    // The user's own name is checked above; here it is ours that has become too long.
    if (topic.known === undefined || topic.known.length <= 249) return;
    const told = `${where}: the topic for ${name} of predictor "${predictor.name}" would be "${topic.known}", longer than Kafka's 249 characters; shorten KAFKA_OUTPUT_TOPIC`;
    problems.push(finding('KafkaSettingInvalid', told));
  });
  return problems;
}

const pair: readonly CredentialRole[] = ['cert', 'key'];
const login: readonly CredentialRole[] = ['username', 'password'];
const client: readonly CredentialRole[] = ['tokenUrl', 'clientId', 'clientSecret'];

function credentialProblems(
  settings: KafkaSettings,
  predictor: Predictor,
  where: string,
): Finding[] {
  const given = new Set(settings.credentials.map(({ role }) => role));
  const protocol = settings.securityProtocol.known ?? 'PLAINTEXT';
  const wanted: CredentialRole[] = [];
  if (protocol.endsWith('SSL') && pair.some((role) => given.has(role))) wanted.push(...pair);
  const mechanism = settings.saslMechanism?.known;
  if (protocol.startsWith('SASL_') && mechanism !== undefined) {
    wanted.push(...(mechanism === 'OAUTHBEARER' ? client : login));
  }
  return wanted
    .filter((role) => !given.has(role))
    .map((role) => {
      const name = variableOf(role);
      const cause = pair.includes(role)
        ? 'the other half of a pair'
        : `KAFKA_SASL_MECHANISM ${mechanism}`;
      return finding(
        'KafkaSettingMissing',
        `${where}: predictor "${predictor.name}" has neither ${name} nor ${name}_FILE, and has ${cause}; set one`,
      );
    });
}

/** The adapter would refuse to start. */
function mechanismProblems(
  { securityProtocol, saslMechanism }: KafkaSettings,
  where: string,
): Finding[] {
  const isSasl = securityProtocol.known?.startsWith('SASL_') === true;
  if (!isSasl || saslMechanism !== undefined) return [];
  const told = `${where}: KAFKA_SECURITY_PROTOCOL is ${securityProtocol.known}, but no KAFKA_SASL_MECHANISM is set; set one of ${saslMechanisms.join(', ')}`;
  return [finding('KafkaSettingMissing', told)];
}
