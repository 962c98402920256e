/** Whether KEDA watches what the adapter consumes. */

import type { PlainObject } from '../render/canonical.ts';
import { scalesToZero } from '../render/keda-check.ts';
import { triggerWarnings } from '../render/keda-check-trigger.ts';
import { isKafkaTrigger } from '../render/keda-trigger.ts';
import type { ScaleTrigger } from '../render/seldon-deployment.ts';
import { type Check, evidence, fault, fine, note, warning } from './check.ts';
import { predictorOf } from './check-kafka-settings.ts';
import { at, nameOf, number, records, some, text, texts } from './reading.ts';
import type { Subject } from './subject.ts';

/** What keeps the controller from making KEDA's objects as they are to be. */
export const objectCauses = ['accepted', 'references', 'applied', 'observed', 'lease'] as const;

/** What of KEDA's settings keeps it from scaling by our lag; the rest only makes it worse. */
const grave = new Set([
  'ScaleTriggerOtherGroup',
  'ScaleTriggerOtherTopic',
  'ScaleTriggerInvalid',
  'ScaleTriggerNeverStarts',
]);

/** Looks at every trigger of a ScaledObject that watches Kafka. */
export function checkScaleTriggers(object: PlainObject, subject: Subject, title: string): Check[] {
  const name = text(at(object, 'spec', 'scaleTargetRef', 'name')) ?? '';
  const predictor = predictorOf(name, subject);
  const triggers = records(at(object, 'spec', 'triggers')).map(readTrigger);
  const kafka = triggers.flatMap((trigger, i) => (isKafkaTrigger(trigger) ? [{ trigger, i }] : []));
  if (predictor === undefined || kafka.length === 0) {
    const types = triggers.map(({ type }) => type);
    return [note('scale-trigger', `${title} scales by ${some(types) || 'nothing'}`)];
  }
  return kafka.flatMap(({ trigger, i }) => {
    const where = `spec.triggers[${i}]`;
    const findings = triggerWarnings(trigger, trigger, {
      settings: predictor.settings,
      environment: predictor.environment,
      where,
      scalesToZero: scalesToZero(countsOf(object)),
    });
    const { consumerGroup, topic, lagThreshold, offsetResetPolicy } = texts(trigger.metadata);
    const shown = {
      evidence: [
        evidence(title, `${where}.metadata.consumerGroup`, consumerGroup ?? 'not set'),
        evidence(
          `adapter of ${predictor.name}`,
          'its group',
          predictor.settings.group.known ?? 'not known here',
        ),
        evidence(title, `${where}.metadata.topic`, topic ?? 'not set'),
        evidence(title, `${where}.metadata.lagThreshold`, lagThreshold ?? 'not set'),
        evidence(title, `${where}.metadata.offsetResetPolicy`, offsetResetPolicy ?? 'not set'),
      ],
      follows: strayed(object, subject) ? objectCauses : [],
    };
    if (findings.length === 0) {
      return [fine('scale-trigger', `${title} watches the adapter's group and topic`, shown)];
    }
    return findings.map(({ reason, message }) => {
      const [told, todo] = halves(message);
      const isGrave =
        grave.has(reason) || (reason === 'ScaleTriggerIncomplete' && isNeeded(message));
      return (isGrave ? fault : warning)('scale-trigger', `${title}: ${told}`, todo, shown);
    });
  });
}

/** Without these KEDA does not scale at all. */
const isNeeded = (message: string): boolean =>
  /metadata\.(?:bootstrapServers|consumerGroup):/.test(message);

/** What is wrong, and what to do: messages of the renderer end in it. */
function halves(message: string): [told: string, todo: string] {
  const cut = message.lastIndexOf('; ');
  return cut < 0
    ? [message, 'correct it in kedaSpec']
    : [message.slice(0, cut), `${message.slice(cut + 2)} (in kedaSpec of the SeldonDeployment)`];
}

/** Whether the object in the cluster is another than the SeldonDeployment asks for. */
function strayed(object: PlainObject, { objects }: Subject): boolean {
  const wanted = objects.find(
    ({ kind, metadata }) => kind === 'ScaledObject' && metadata.name === nameOf(object),
  );
  if (wanted === undefined) return false;
  const metadataOf = (of: unknown) =>
    records(at(of, 'spec', 'triggers')).map(({ metadata }) => {
      const { consumerGroup, topic } = texts(metadata);
      return [consumerGroup, topic];
    });
  return JSON.stringify(metadataOf(wanted)) !== JSON.stringify(metadataOf(object));
}

const readTrigger = (trigger: PlainObject): ScaleTrigger => ({
  type: text(trigger['type']) ?? '?',
  metadata: texts(trigger['metadata']),
});

const countsOf = (object: PlainObject) => {
  const idle = number(at(object, 'spec', 'idleReplicaCount'));
  const min = number(at(object, 'spec', 'minReplicaCount'));
  return {
    ...(idle !== undefined && { idleReplicaCount: idle }),
    ...(min !== undefined && { minReplicaCount: min }),
  };
};
