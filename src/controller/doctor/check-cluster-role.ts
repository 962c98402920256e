/** Whether Knative may read SeldonDeployments, without which no Trigger can name one. */

import { type Check, evidence, fault, fine, unseen, warning } from './check.ts';
import { at, list, nameOf, records, some } from './reading.ts';
import type { Objects, Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';
import { triggersOf } from './trigger.ts';

const needed = ['get', 'list', 'watch'];
const label = 'duck.knative.dev/addressable';
const todo =
  'apply config/rbac/addressable.yaml (kubectl apply -k config/); Knative takes it up by the label';

/** Where Knative is not installed nobody needs it. */
export function checkClusterRole(snapshot: Snapshot, subject: Subject): Check[] {
  const { clusterRoles, triggers } = snapshot;
  if (triggers.kind === 'unserved') return [];
  if (clusterRoles.kind !== 'seen') {
    const reason = clusterRoles.kind === 'unseen' ? clusterRoles.reason : 'there is no RBAC';
    return [unseen('cluster-role', `ClusterRoles with the label ${label}`, reason)];
  }
  const resources = grantedOn(clusterRoles.value, 'seldondeployments');
  const status = grantedOn(clusterRoles.value, 'seldondeployments/status');
  const shown = {
    evidence: [
      evidence(
        `ClusterRoles labelled ${label}=true`,
        'metadata.name',
        some(clusterRoles.value.map(nameOf)) || 'none',
      ),
      evidence('of these, on seldondeployments', 'rules[].verbs', some(resources) || 'none'),
    ],
  };
  const lacking = needed.filter((verb) => !resources.includes(verb));
  if (lacking.length > 0) {
    const told = `Knative may not read SeldonDeployments: no ClusterRole labelled ${label}=true grants ${lacking.join(', ')} on them`;
    const isNeeded = triggersOf(snapshot, subject).some(({ byRef }) => byRef);
    return [(isNeeded ? fault : warning)('cluster-role', told, todo, shown)];
  }
  if (needed.some((verb) => !status.includes(verb))) {
    const told =
      'the ClusterRole for Knative lacks seldondeployments/status, which it asks of every addressable kind';
    return [warning('cluster-role', told, todo, shown)];
  }
  return [fine('cluster-role', 'Knative may read SeldonDeployments', shown)];
}

/** Which of the needed verbs the roles together grant. */
function grantedOn(roles: Objects, resource: string): string[] {
  const has = (value: unknown, wanted: string): boolean =>
    list(value).some((entry) => entry === wanted || entry === '*');
  const rules = roles
    .flatMap((role) => records(at(role, 'rules')))
    .filter(
      (rule) =>
        has(rule['apiGroups'], 'machinelearning.seldon.io') &&
        has(rule['resources'], resource) &&
        list(rule['resourceNames']).length === 0,
    );
  return needed.filter((verb) => rules.some((rule) => has(rule['verbs'], verb)));
}
