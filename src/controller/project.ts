/** What the caches keep of objects: all that a reconcile looks at, and no more. */

import type { KubeObject } from '../kubernetes/kube-object.ts';
import { fieldManager, hashAnnotation, ourEntry } from './applied.ts';
import {
  fieldsOf,
  fieldsTextOf,
  type ManagedFieldsEntry,
  managedFieldsOf,
  recordOf,
} from './live-object.ts';

/** Of a child: whose it is, whether it is as applied, and how a Deployment fares. */
export function projectChild(object: KubeObject): KubeObject {
  const { metadata } = object;
  const hash = metadata.annotations?.[hashAnnotation];
  const ours = ourEntry(object);
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name: metadata.name,
      ...kept(metadata, [
        'namespace',
        'uid',
        'resourceVersion',
        'generation',
        'ownerReferences',
        'deletionTimestamp',
      ]),
      ...(hash !== undefined && { annotations: { [hashAnnotation]: hash } }),
      ...(ours !== undefined && { managedFields: [compact(ours)] }),
    },
    spec: kept(recordOf(object['spec']), ['replicas']),
    status: kept(recordOf(object['status']), [
      'replicas',
      'availableReplicas',
      'observedGeneration',
      'conditions',
    ]),
  };
}

function kept<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  const present = names.filter((name) => from[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, from[name]])) as Pick<T, K>;
}

const compact = ({ manager, operation, subresource, time, ...entry }: ManagedFieldsEntry) => ({
  manager,
  operation,
  subresource,
  time,
  fieldsText: fieldsTextOf(entry),
});

/** kubectl's copy of the whole object within the object. */
const kubectlAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Of a SeldonDeployment: all of it, which fields of its status are ours, and who else writes it. */
export function projectSeldonDeployment(object: KubeObject): KubeObject {
  const { annotations = {}, ...metadata } = object.metadata;
  const { [kubectlAnnotation]: _, ...kept } = annotations;
  const managedFields = managedFieldsOf(object)
    .filter(({ subresource }) => subresource === 'status')
    .map(({ fieldsV1, ...entry }) =>
      entry.manager === fieldManager
        ? compact({ ...entry, ...(fieldsV1 !== undefined && { fieldsV1 }) })
        : entry,
    );
  return { ...object, metadata: { ...metadata, annotations: kept, managedFields } };
}

/** Who else wrote the status last, as the API server has it on record. */
export function otherStatusWriter(object: KubeObject): string {
  const others = managedFieldsOf(object)
    .filter(({ manager, subresource }) => subresource === 'status' && manager !== fieldManager)
    .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return others[0]?.manager ?? 'another writer';
}

/** Whether a field of the status was last set by us. */
export function ownsStatusField(object: KubeObject, field: string): boolean {
  return managedFieldsOf(object).some(
    (entry) =>
      entry.manager === fieldManager &&
      entry.subresource === 'status' &&
      recordOf(fieldsOf(entry)['f:status'])[`f:${field}`] !== undefined,
  );
}
