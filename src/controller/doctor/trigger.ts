/** Which Triggers send to a SeldonDeployment, and where each should. */

import type { PlainObject } from '../render/canonical.ts';
import { at, text, urlOf } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { StatusAddress, Subject } from './subject.ts';

export interface SubjectTrigger {
  readonly trigger: PlainObject;
  readonly namespace: string;
  /** Whether it names the SeldonDeployment, which Knative must then resolve. */
  readonly byRef: boolean;
  /** Of `ref.address`: which of the addresses it asks for. */
  readonly addressName: string | undefined;
  /** A path or query put on the address. */
  readonly relative: string | undefined;
  /** `namespace/name`. */
  readonly broker: string;
}

const group = 'machinelearning.seldon.io';

export function triggersOf({ triggers }: Snapshot, subject: Subject): SubjectTrigger[] {
  if (triggers.kind !== 'seen') return [];
  return triggers.value.flatMap((trigger) => readTrigger(trigger, subject) ?? []);
}

function readTrigger(trigger: PlainObject, subject: Subject): SubjectTrigger | undefined {
  const namespace = text(at(trigger, 'metadata', 'namespace')) ?? subject.namespace;
  const ref = at(trigger, 'spec', 'subscriber', 'ref');
  const uri = text(at(trigger, 'spec', 'subscriber', 'uri'));
  const byRef =
    at(ref, 'kind') === 'SeldonDeployment' &&
    text(at(ref, 'apiVersion'))?.split('/')[0] === group &&
    at(ref, 'name') === subject.name &&
    (text(at(ref, 'namespace')) ?? namespace) === subject.namespace;
  if (!byRef && !(ref === undefined && leadsHere(uri, subject))) return undefined;
  const { brokerNamespace, brokerName } = brokerOf(trigger, namespace);
  return {
    trigger,
    namespace,
    byRef,
    addressName: byRef ? text(at(ref, 'address')) : undefined,
    relative: byRef ? uri : undefined,
    broker: `${brokerNamespace}/${brokerName}`,
  };
}

function brokerOf(trigger: PlainObject, namespace: string) {
  const ref = at(trigger, 'spec', 'brokerRef');
  return {
    brokerNamespace: text(at(ref, 'namespace')) ?? namespace,
    brokerName: text(at(ref, 'name')) ?? text(at(trigger, 'spec', 'broker')) ?? 'default',
  };
}

/** Its host is that of one of the addresses, at least in its short form. */
function leadsHere(uri: string | undefined, { addresses, wantedAddresses }: Subject): boolean {
  const host = urlOf(uri)?.hostname;
  if (host === undefined) return false;
  return [...addresses, ...wantedAddresses].some(({ url }) => {
    const ours = urlOf(url)?.hostname;
    return ours !== undefined && (host === ours || ours.startsWith(`${host}.`));
  });
}

/** The address that Knative should take for it; undefined where there is none of that name. */
export const addressFor = (
  { addressName }: SubjectTrigger,
  { addresses }: Subject,
): StatusAddress | undefined =>
  addressName === undefined ? addresses[0] : addresses.find(({ name }) => name === addressName);

/** What a Trigger's `status.subscriberUri` should be. */
export function subscriberUriOf({ relative }: SubjectTrigger, { url }: StatusAddress): string {
  const base = urlOf(url)?.href;
  if (relative === undefined || base === undefined) return url;
  return URL.canParse(relative, base) ? new URL(relative, base).href : url;
}
