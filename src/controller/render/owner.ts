/** What marks an object as a SeldonDeployment's: when it goes, the garbage collector takes them all. */

import { ownLabels, type TextMap } from './labels.ts';
import type { ManifestMetadata } from './manifest.ts';
import type { SeldonDeployment } from './seldon-deployment.ts';

/** Makes the metadata of an object; an owner that is in no cluster yet is not named. */
export function ownedMetadata(
  { apiVersion, kind, ...sdep }: SeldonDeployment,
  name: string,
  { labels = {}, annotations = {} }: { readonly labels?: TextMap; readonly annotations?: TextMap },
): ManifestMetadata {
  const owner = {
    apiVersion,
    kind,
    name: sdep.metadata.name,
    uid: sdep.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    name,
    namespace: sdep.metadata.namespace,
    labels: { ...labels, ...ownLabels({ apiVersion, kind, ...sdep }) },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(owner.uid === '' ? {} : { ownerReferences: [owner] }),
  };
}
