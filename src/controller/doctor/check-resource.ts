/** The SeldonDeployment itself: is it there, accepted, applied. */

import type { PlainObject } from '../render/canonical.ts';
import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { at, conditionOf, inWords, type ReadCondition, text } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

/** Where it is not there, or may not be looked at, there is nothing else to look at. */
export function checkPresence({ resource, namespace, name }: Snapshot): Check[] {
  const title = `SeldonDeployment ${namespace}/${name}`;
  switch (resource.kind) {
    case 'unserved':
      return [
        fault(
          'crd',
          'the cluster knows no SeldonDeployment of machinelearning.seldon.io/v1',
          'install the CRD: kubectl apply -k config/ (docs/install.md)',
        ),
      ];
    case 'absent':
      return [
        fine('crd', 'the CRD is installed'),
        fault(
          'resource',
          `there is no ${title}`,
          `look for it: kubectl get seldondeployments -A; name it as <namespace>/<name>`,
        ),
      ];
    case 'unseen':
      return [unseen('resource', title, resource.reason)];
    case 'seen':
      return [fine('crd', 'the CRD is installed'), present(title, resource.value)];
  }
}

function present(title: string, resource: PlainObject): Check {
  const deletedAt = text(at(resource, 'metadata', 'deletionTimestamp'));
  if (deletedAt === undefined) return fine('resource', `${title} is there`);
  const told = `${title} is being deleted: nothing more is made of it`;
  return warning('resource', told, 'where that lasts, see its finalizers', {
    evidence: [evidence(title, 'metadata.deletionTimestamp', deletedAt)],
  });
}

export function checkConditions(subject: Subject): Check[] {
  const find = (type: string): ReadCondition | undefined => conditionOf(subject.resource, type);
  return [
    ...accepted(subject, find('Accepted') ?? find('Addressable')),
    ...applied(subject, find('ResourcesApplied')),
    ...remark(subject, 'warnings', find('Warnings')),
    ...remark(subject, 'contested', find('StatusContested')),
  ];
}

const seenIn = ({ namespace, name }: Subject, condition: ReadCondition) => [
  evidence(
    `SeldonDeployment ${namespace}/${name}`,
    `status.conditions[${condition.type}]`,
    inWords(condition),
  ),
];

function accepted(subject: Subject, condition: ReadCondition | undefined): Check[] {
  if (condition === undefined) {
    // The controller has not spoken: what it would say can be told from the resource itself.
    const [first] = subject.problems;
    if (first === undefined) return [];
    const told = `it cannot be made: ${subject.problems.map(({ message }) => message).join('; ')}`;
    return [fault('accepted', told, 'correct these fields and apply it again')];
  }
  const shown = { evidence: seenIn(subject, condition) };
  if (condition.status === 'True') return [fine('accepted', 'it is accepted', shown)];
  if (condition.status === 'False') {
    const told = `it is not accepted: ${condition.message || condition.reason}`;
    return [fault('accepted', told, 'correct these fields and apply it again', shown)];
  }
  return [note('accepted', 'whether it is accepted is not known yet', shown)];
}

const appliedTodo: Readonly<Record<string, string>> = {
  KedaMissing: 'install KEDA; the rest follows by itself',
  NameTaken: 'rename or remove the other object, or rename the predictor',
  Forbidden: 'give the controller its rights again: kubectl apply -k config/ (docs/install.md)',
  BeingDeleted: 'wait until the old object is gone; see its finalizers',
};

function applied(subject: Subject, condition: ReadCondition | undefined): Check[] {
  if (condition === undefined) return [];
  const shown = {
    evidence: seenIn(subject, condition),
    follows: ['accepted', 'references'] as const,
  };
  if (condition.status === 'True') {
    return [fine('applied', 'all that it asks for was applied', shown)];
  }
  if (condition.status !== 'False') {
    return [note('applied', 'what it asks for is being applied', shown)];
  }
  const told = `not all of it was applied: ${condition.message || condition.reason}`;
  const todo = appliedTodo[condition.reason] ?? 'do what the message says; it is tried again';
  return [fault('applied', told, todo, shown)];
}

function remark(
  subject: Subject,
  id: 'warnings' | 'contested',
  condition: ReadCondition | undefined,
): Check[] {
  if (condition?.status !== 'True') return [];
  const todo =
    id === 'warnings'
      ? 'see docs/controller.md; what the message says to do'
      : "find the other writer: kubectl get sdep -o yaml --show-managed-fields; beside Seldon's operator use attached mode";
  const told = condition.message || condition.reason;
  return [warning(id, told, todo, { evidence: seenIn(subject, condition) })];
}
