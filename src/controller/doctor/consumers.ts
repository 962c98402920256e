/**
 * What the adapters consume. Their Deployments know it better than the SeldonDeployment: they have
 * what the controller put in beside it (KAFKA_DEFAULTS, a shadow's topics).
 */

import { isObject, type PlainObject } from '../render/canonical.ts';
import { environmentOf } from '../render/kafka-environment.ts';
import { kafkaSettingsOf } from '../render/kafka-settings.ts';
import { adapterContainer } from '../render/names.ts';
import type { EnvVar, Predictor } from '../render/seldon-deployment.ts';
import { at, nameOf, records, text } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { KafkaPredictor, Subject } from './subject.ts';

/** The subject, with what the Deployments that are there say of Kafka. */
export function withConsumers(subject: Subject, { deployments }: Snapshot): Subject {
  const found = deployments.kind === 'seen' ? deployments.value : [];
  const consumers = found.map((deployment) => consumerOf(deployment, subject));
  const known = consumers.filter((consumer) => consumer !== undefined);
  const names = new Set(known.map(({ name }) => name));
  const kafka = [
    ...known.flatMap(({ kafka: consumer }) => consumer ?? []),
    // Not made yet.
    ...subject.kafka.filter(({ name }) => !names.has(name)),
  ];
  return { ...subject, kafka };
}

interface Consumer {
  readonly name: string;
  /** Undefined where it consumes nothing. */
  readonly kafka: KafkaPredictor | undefined;
}

/** @returns undefined for a Deployment that has no adapter, or whose predictor is not known */
function consumerOf(deployment: PlainObject, subject: Subject): Consumer | undefined {
  const { sdep } = subject;
  const containers = records(at(deployment, 'spec', 'template', 'spec', 'containers'));
  const adapter = containers.find((container) => container['name'] === adapterContainer);
  if (adapter === undefined || sdep === undefined) return undefined;
  const env = records(adapter['env']).flatMap(readVariable);
  const id = env.find(({ name }) => name === 'PREDICTOR_ID')?.value;
  const deploymentName = nameOf(deployment);
  const names = sdep.spec.predictors.map((predictor) => predictor.name);
  const name = id === undefined ? longestIn(deploymentName, subject.name, names) : id;
  if (name === undefined || !names.includes(name)) return undefined;
  const predictor: Predictor = { name, graph: { name }, svcOrchSpec: { env } };
  const settings = kafkaSettingsOf(sdep, predictor);
  const environment = environmentOf(predictor);
  return {
    name,
    kafka: settings && { name, settings, environment, deployment: deploymentName },
  };
}

/** Seldon's operator names a Deployment after its predictor, whose name may begin like another's. */
const longestIn = (deployment: string, sdep: string, names: readonly string[]) =>
  names
    .filter((name) => deployment.startsWith(`${sdep}-${name}-`))
    .sort((one, other) => other.length - one.length)[0];

function readVariable(variable: PlainObject): EnvVar[] {
  const { valueFrom } = variable;
  const [name, value] = [text(variable['name']), text(variable['value'])];
  if (name === undefined) return [];
  return [
    { name, ...(value !== undefined && { value }), ...(isObject(valueFrom) && { valueFrom }) },
  ];
}
