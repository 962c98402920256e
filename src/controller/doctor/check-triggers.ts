/** Knative Triggers: resolved, to the present address, by a Broker that is ready. */

import type { PlainObject } from '../render/canonical.ts';
import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { at, conditionOf, conditionsOf, inWords, some, text, titleOf, urlOf } from './reading.ts';
import type { Looked, Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';
import { addressFor, type SubjectTrigger, subscriberUriOf, triggersOf } from './trigger.ts';
import { checkFilter } from './trigger-filter.ts';

export function checkTriggers(snapshot: Snapshot, subject: Subject): Check[] {
  const { triggers, triggersElsewhere } = snapshot;
  if (triggers.kind === 'unseen') return [unseen('knative', 'Triggers', triggers.reason)];
  if (triggers.kind !== 'seen') {
    return [note('knative', 'Knative Eventing is not installed: there can be no Triggers')];
  }
  const ours = triggersOf(snapshot, subject);
  return [
    ...(triggersElsewhere === undefined
      ? []
      : [unseen('knative', 'Triggers of other namespaces', triggersElsewhere)]),
    ...(ours.length === 0
      ? [note('trigger', 'no Trigger sends to it: events reach it by HTTP or Kafka only')]
      : []),
    ...ours.flatMap((trigger) => checkTrigger(trigger, snapshot, subject)),
    ...[...new Set(ours.map(({ broker }) => broker))].flatMap((broker) =>
      checkBroker(broker, snapshot.brokers.get(broker)),
    ),
  ];
}

function checkTrigger(it: SubjectTrigger, snapshot: Snapshot, subject: Subject): Check[] {
  return [
    ...ready(it, subject),
    ...follows(it, subject),
    ...checkFilter(it, subject),
    ...deadLetter(it, snapshot.brokers.get(it.broker)),
  ];
}

function ready(it: SubjectTrigger, subject: Subject): Check[] {
  const { trigger } = it;
  const title = titleOf('Trigger', trigger);
  const condition = conditionOf(trigger, 'Ready');
  if (it.byRef && subject.addresses.length > 0 && addressFor(it, subject) === undefined) {
    const known = subject.addresses.flatMap(({ name }) => name ?? []);
    const shown = {
      evidence: [evidence(title, 'spec.subscriber.ref.address', it.addressName ?? '')],
      follows: ['observed', 'accepted', 'address'] as const,
    };
    const told = `${title} asks for the address "${it.addressName}", which the SeldonDeployment does not have`;
    const todo = `name one of ${known.length === 0 ? 'those it has, which have no names' : some(known)}: they are its predictors`;
    return [fault('trigger', told, todo, shown)];
  }
  if (condition?.status === 'True') {
    return [
      fine('trigger', `${title} is Ready`, {
        evidence: [
          evidence(title, 'status.subscriberUri', text(at(trigger, 'status', 'subscriberUri'))),
        ],
      }),
    ];
  }
  const unmet = conditionsOf(trigger).filter(
    ({ status, type }) => status !== 'True' && type !== 'Ready',
  );
  const shown = {
    evidence: (unmet.length > 0 ? unmet : condition === undefined ? [] : [condition]).map((each) =>
      evidence(title, `status.conditions[${each.type}]`, inWords(each)),
    ),
    follows: ['cluster-role', 'address', 'broker', 'observed', 'accepted'] as const,
  };
  if (condition === undefined) {
    const told = `Knative has not looked at ${title}`;
    const todo =
      'see whether its controllers run: kubectl -n knative-eventing get pods; and whether the Broker is of a class that is installed';
    return [fault('trigger', told, todo, shown)];
  }
  const told = `${title} is not Ready: ${some(unmet.map(inWords)) || inWords(condition)}`;
  const todo =
    'do what the message says; where the cause is already mended, touch the Trigger (kubectl annotate trigger …), since Knative waits ever longer between its tries';
  return [fault('trigger', told, todo, shown)];
}

/** The multi-tenant broker does not follow an address that changes. */
function follows(it: SubjectTrigger, subject: Subject): Check[] {
  const { trigger, byRef, namespace } = it;
  const uri = text(at(trigger, 'status', 'subscriberUri'));
  const address = addressFor(it, subject);
  if (!byRef || uri === undefined || address === undefined) return [];
  const wanted = subscriberUriOf(it, address);
  const title = titleOf('Trigger', trigger);
  const shown = {
    evidence: [
      evidence(title, 'status.subscriberUri', uri),
      evidence(`SeldonDeployment ${subject.namespace}/${subject.name}`, address.field, address.url),
    ],
    follows: ['trigger', 'address'] as const,
  };
  if (isSame(uri, wanted)) {
    return [fine('trigger-address', `${title} sends to the present address`, shown)];
  }
  const told = `${title} still sends to an old address: its broker does not follow one that changes`;
  const todo = `touch it: kubectl -n ${namespace} annotate trigger ${nameIn(trigger)} --overwrite seldon-eventing.io/subscriber-address=${pasteable(wanted)}; config/components/trigger-refresh lets the controller do so`;
  return [fault('trigger-address', told, todo, shown)];
}

/** It may be pasted into a shell, and comes from the cluster. */
const pasteable = (url: string): string => (/^[\w.:/~%-]+$/.test(url) ? url : "'<its address>'");

const isSame = (left: string, right: string): boolean =>
  left === right || (urlOf(left) !== undefined && urlOf(left)?.href === urlOf(right)?.href);

const nameIn = (object: PlainObject): string => text(at(object, 'metadata', 'name')) ?? '?';

function deadLetter(it: SubjectTrigger, broker: Looked<PlainObject> | undefined): Check[] {
  const { trigger } = it;
  const title = titleOf('Trigger', trigger);
  const field = 'spec.delivery.deadLetterSink';
  if (at(trigger, 'spec', 'delivery', 'deadLetterSink') !== undefined) {
    return [fine('dead-letter', `${title} has a dead-letter sink`)];
  }
  if (broker?.kind === 'seen' && at(broker.value, 'spec', 'delivery', 'deadLetterSink')) {
    return [fine('dead-letter', `the Broker ${it.broker} of ${title} has a dead-letter sink`)];
  }
  // Knative's defaults may name one; they come into the spec when the Broker is made.
  if (broker?.kind !== 'seen') return [];
  const told = `${title} has no dead-letter sink: an event that fails for good is dropped`;
  return [warning('dead-letter', told, `set ${field} of the Trigger or of its Broker`)];
}

function checkBroker(key: string, looked: Looked<PlainObject> | undefined): Check[] {
  const title = `Broker ${key}`;
  if (looked === undefined || looked.kind === 'unseen') {
    return [unseen('broker', title, looked?.reason ?? 'it was not asked for')];
  }
  if (looked.kind !== 'seen') {
    return [
      fault('broker', `there is no ${title}`, 'create it, or correct spec.broker of the Trigger'),
    ];
  }
  const condition = conditionOf(looked.value, 'Ready');
  const className = at(
    looked.value,
    'metadata',
    'annotations',
    'eventing.knative.dev/broker.class',
  );
  const shown = {
    evidence: [
      evidence(title, 'status.conditions[Ready]', condition ? inWords(condition) : 'not set'),
      evidence(title, 'metadata.annotations[eventing.knative.dev/broker.class]', className),
    ],
  };
  if (condition?.status === 'True') return [fine('broker', `${title} is Ready`, shown)];
  const unmet = conditionsOf(looked.value).filter(
    ({ status, type }) => status !== 'True' && type !== 'Ready',
  );
  const told = `${title} is not Ready${unmet.length === 0 ? '' : `: ${some(unmet.map(inWords))}`}`;
  const todo = 'see its conditions, and kubectl -n knative-eventing get pods';
  return [fault('broker', told, todo, shown)];
}
