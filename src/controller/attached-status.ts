/** What attached mode writes into a status that is another controller's. */

import { type Condition, type WrittenCondition, written } from './conditions.ts';
import { recordOf } from './live-object.ts';
import type { Finding } from './render/finding.ts';
import type { Address } from './render/rendered.ts';
import { type AddressFields, placeOf } from './status.ts';

export interface AttachedObserved {
  readonly generation: number;
  readonly previous: unknown;
  /** Whether a field of the status was last set by us. */
  readonly owns: (field: string) => boolean;
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly addresses: readonly Address[];
  /** What kept KEDA's objects from being applied; undefined where there are none to apply. */
  readonly obstacles: readonly Finding[] | undefined;
  readonly contested: Finding | undefined;
  readonly nowRfc3339: string;
}

export interface AttachedStatus extends AddressFields {
  readonly conditions: readonly WrittenCondition[];
}

/**
 * Addresses and a condition, no more. What we once wrote is written again: left out, the API server
 * would take it away.
 */
export function attachedStatusOf(observed: AttachedObserved): AttachedStatus {
  const { problems, addresses, previous, generation, nowRfc3339 } = observed;
  const conditions = written(
    [addressableOf(problems), ...remarks(observed)],
    recordOf(previous)['conditions'],
    generation,
    nowRfc3339,
  );
  const [first] = addresses;
  if (first === undefined) return { ...ownAddresses(observed), conditions };
  return {
    ...addressOf(first, observed),
    addressable: placeOf(first),
    addresses,
    conditions,
  };
}

/** The other's own address stands where it leads to the same Service, on whatever port and path. */
function addressOf(
  address: Address,
  { previous, owns }: AttachedObserved,
): Pick<AddressFields, 'address'> {
  const there = recordOf(recordOf(previous)['address'])['url'];
  if (typeof there !== 'string' || !namesSameService(there, address.url)) {
    return { address: placeOf(address) };
  }
  return owns('address') ? { address: { ...placeOf(address), url: there } } : {};
}

function ownAddresses({ previous, owns }: AttachedObserved): AddressFields {
  const fields = ['address', 'addressable', 'addresses'];
  const there = Object.entries(recordOf(previous));
  return Object.fromEntries(there.filter(([field]) => fields.includes(field) && owns(field)));
}

/** Whether two URLs lead to one Service: `http://iris.models:8000/` and `http://iris.models.svc.cluster.local/x`. */
export function namesSameService(left: string, right: string): boolean {
  const [a, b] = [left, right].map((url) =>
    URL.canParse(url) ? new URL(url).hostname.split('.').slice(0, 2).join('.') : '',
  );
  return a !== undefined && a !== '' && a === b;
}

function addressableOf(problems: readonly Finding[]): Condition {
  const [first] = problems;
  if (first === undefined) {
    return { type: 'Addressable', status: 'True', reason: 'AddressKnown', message: '' };
  }
  const message = problems.map((problem) => problem.message).join('; ');
  return { type: 'Addressable', status: 'False', reason: first.reason, message };
}

function remarks({ obstacles, warnings, contested }: AttachedObserved): Condition[] {
  const told = (type: Condition['type'], status: Condition['status'], of: readonly Finding[]) => ({
    type,
    status,
    reason: of[0]?.reason ?? 'Applied',
    message: of.map(({ message }) => message).join('; '),
  });
  return [
    ...(obstacles === undefined
      ? []
      : [told('ResourcesApplied', obstacles.length > 0 ? 'False' : 'True', obstacles)]),
    ...(warnings.length > 0 ? [told('Warnings', 'True', warnings)] : []),
    ...(contested === undefined ? [] : [told('StatusContested', 'True', [contested])]),
  ];
}
