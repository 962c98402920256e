/** The Secrets and ConfigMaps that a SeldonDeployment names, each with the field that names it. */

import { isObject, type PlainObject } from './canonical.ts';
import { nodesOf, serverOf } from './graph-nodes.ts';
import type { Reference } from './rendered.ts';
import type {
  Container,
  EnvVar,
  PodSpec,
  Predictor,
  SeldonDeployment,
} from './seldon-deployment.ts';

/** Finds what pods need before they start; what is marked `optional` is left out. */
export const referencesOf = ({ spec }: SeldonDeployment): Reference[] =>
  spec.predictors.flatMap((predictor, i) => ofPredictor(predictor, `spec.predictors[${i}]`));

const ofPredictor = (predictor: Predictor, field: string): Reference[] => [
  ...ofEnv(predictor.svcOrchSpec?.env, `${field}.svcOrchSpec`),
  ...(predictor.componentSpecs ?? []).flatMap(({ spec }, i) =>
    ofPod(spec, `${field}.componentSpecs[${i}].spec`),
  ),
  ...nodesOf(predictor.graph, `${field}.graph`).flatMap(({ node, field: at }) =>
    // Only a server that we make fetches a model, and so reads it.
    serverOf(node) !== undefined && node.envSecretRefName
      ? [reference('Secret', node.envSecretRefName, [], `${at}.envSecretRefName`)]
      : [],
  ),
];

const reference = (
  kind: Reference['kind'],
  name: string,
  keys: readonly string[],
  field: string,
): Reference => ({ kind, name, keys, field });

const ofPod = (pod: PodSpec, field: string): Reference[] => [
  ...ofContainers(pod.containers, `${field}.containers`),
  ...ofContainers(pod.initContainers, `${field}.initContainers`),
  ...(pod.volumes ?? []).flatMap((volume, i) => ofVolume(volume, `${field}.volumes[${i}]`)),
  ...(pod.imagePullSecrets ?? []).flatMap(({ name }, i) =>
    name === undefined
      ? []
      : [reference('Secret', name, [], `${field}.imagePullSecrets[${i}].name`)],
  ),
];

const ofContainers = (containers: readonly Container[] = [], field: string): Reference[] =>
  containers.flatMap((container, i) => [
    ...ofEnv(container.env, `${field}[${i}]`),
    ...(container.envFrom ?? []).flatMap((source, k) => {
      const at = `${field}[${i}].envFrom[${k}]`;
      return [
        ...whole('Secret', source.secretRef, 'name', `${at}.secretRef`),
        ...whole('ConfigMap', source.configMapRef, 'name', `${at}.configMapRef`),
      ];
    }),
  ]);

const ofEnv = (env: readonly EnvVar[] = [], field: string): Reference[] =>
  env.flatMap(({ valueFrom = {} }, i) =>
    (
      [
        ['Secret', 'secretKeyRef'],
        ['ConfigMap', 'configMapKeyRef'],
      ] as const
    ).flatMap(([kind, source]) => {
      const named = valueFrom[source];
      if (named === undefined || named.optional === true) return [];
      return [reference(kind, named.name, [named.key], `${field}.env[${i}].valueFrom.${source}`)];
    }),
  );

function ofVolume(volume: PlainObject, field: string): Reference[] {
  const { projected } = volume;
  const sources = isObject(projected) ? projected['sources'] : undefined;
  return [
    ...whole('Secret', volume['secret'], 'secretName', `${field}.secret`),
    ...whole('ConfigMap', volume['configMap'], 'name', `${field}.configMap`),
    ...(Array.isArray(sources) ? sources : []).flatMap((source: unknown, i) =>
      isObject(source)
        ? [
            ...whole('Secret', source['secret'], 'name', `${field}.projected.sources[${i}].secret`),
            ...whole(
              'ConfigMap',
              source['configMap'],
              'name',
              `${field}.projected.sources[${i}].configMap`,
            ),
          ]
        : [],
    ),
  ];
}

/** A whole object, or those keys of it that `items` lists. It may be of any shape. */
function whole(
  kind: Reference['kind'],
  source: unknown,
  nameField: string,
  field: string,
): Reference[] {
  if (!isObject(source) || source['optional'] === true) return [];
  const name = source[nameField];
  if (typeof name !== 'string' || name === '') return [];
  const items: unknown = source['items'];
  const keys = (Array.isArray(items) ? items : []).flatMap((item: unknown) =>
    isObject(item) && typeof item['key'] === 'string' ? [item['key']] : [],
  );
  return [reference(kind, name, keys, field)];
}
