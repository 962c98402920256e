/** Whether the controller runs, and has seen the present version of the SeldonDeployment. */

import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { at, number, records, text, timeMs } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

/** A change is seen within a second; the clock of whoever looks may differ from the cluster's. */
const patienceMs = 60_000;

export const checkController = (snapshot: Snapshot, subject: Subject): Check[] => {
  const lease = checkLease(snapshot, subject);
  return [...lease, ...checkObserved(snapshot, subject, lease)];
};

const startIt =
  'see why: kubectl -n <its namespace> get deployment,pods; kubectl logs deployment/seldon-eventing-controller';

function checkLease(
  { lease, leaseNamespace, leaseName, nowMs }: Snapshot,
  subject: Subject,
): Check[] {
  const title = `Lease ${leaseNamespace}/${leaseName}`;
  if (lease.kind === 'unseen') return [unseen('lease', title, lease.reason)];
  if (lease.kind !== 'seen') {
    // Elsewhere, or without leader election: the status then shows whether it works.
    const told = `there is no ${title}: whether the controller runs can only be told from the status`;
    const where = 'name its namespace by --controller-namespace';
    return [note('lease', subject.mode === undefined ? told : `${told}; ${where}`)];
  }
  const spec = at(lease.value, 'spec');
  const holder = text(at(spec, 'holderIdentity'));
  const renewedMs = timeMs(at(spec, 'renewTime'));
  const durationMs = (number(at(spec, 'leaseDurationSeconds')) ?? 15) * 1_000;
  const shown = {
    evidence: [
      evidence(title, 'spec.holderIdentity', holder ?? 'not set'),
      evidence(title, 'spec.renewTime', text(at(spec, 'renewTime')) ?? 'not set'),
    ],
  };
  if (holder === undefined) {
    return [fault('lease', 'the controller was stopped: nobody holds its Lease', startIt, shown)];
  }
  if (renewedMs === undefined || nowMs - renewedMs > durationMs + patienceMs) {
    const since =
      renewedMs === undefined ? '' : ` for ${Math.round((nowMs - renewedMs) / 1_000)} s`;
    const told = `the controller does not run: ${holder} has not renewed its Lease${since}`;
    return [fault('lease', told, startIt, shown)];
  }
  return [fine('lease', `the controller runs: ${holder} leads`, shown)];
}

function checkObserved(
  { nowMs }: Snapshot,
  { resource, namespace, name, mode }: Subject,
  lease: readonly Check[],
): Check[] {
  const title = `SeldonDeployment ${namespace}/${name}`;
  const generation = number(at(resource, 'metadata', 'generation')) ?? 0;
  const observed = observedBy(resource, mode);
  const shown = {
    evidence: [
      evidence(title, 'metadata.generation', generation),
      evidence(title, 'status.observedGeneration', observed ?? 'not set'),
    ],
    follows: ['lease'] as const,
  };
  if (observed !== undefined && observed >= generation) {
    return [fine('observed', 'the controller has seen its present version', shown)];
  }
  const told =
    observed === undefined
      ? 'no controller has ever looked at it'
      : 'the controller has not looked at its present version';
  const runs = lease.some(({ state }) => state === 'fine');
  const changedMs = lastChangeMs(resource);
  if (runs && changedMs !== undefined && nowMs - changedMs < patienceMs) {
    return [warning('observed', `${told} yet`, 'look again in some seconds', shown)];
  }
  const todo = `${startIt}; WATCH_NAMESPACES must have ${namespace}`;
  return [fault('observed', told, todo, shown)];
}

/** In attached mode `status.observedGeneration` is another's, and each condition has its own. */
function observedBy(resource: unknown, mode: Subject['mode']): number | undefined {
  const conditions = records(at(resource, 'status', 'conditions'));
  const ours = conditions.find(({ type }) => type === 'Addressable' || type === 'Accepted');
  const own = number(ours?.['observedGeneration']);
  return mode === undefined
    ? undefined
    : (own ?? number(at(resource, 'status', 'observedGeneration')));
}

/** When anything but the status was last written. */
function lastChangeMs(resource: unknown): number | undefined {
  const times = records(at(resource, 'metadata', 'managedFields'))
    .filter(({ subresource }) => subresource === undefined)
    .flatMap(({ time }) => timeMs(time) ?? []);
  const known = times.length > 0 ? times : [timeMs(at(resource, 'metadata', 'creationTimestamp'))];
  return known.reduce(
    (latest, ms) => (ms !== undefined && ms > (latest ?? 0) ? ms : latest),
    undefined,
  );
}
