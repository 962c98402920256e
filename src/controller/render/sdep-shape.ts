/**
 * The shape of a SeldonDeployment, as far as it is read here. Seldon's own CRD is open in places, so
 * what the API server let through may still be of any type.
 */

import {
  flag,
  listOf,
  mapOf,
  name,
  object,
  port,
  type Shape,
  shapeless,
  text,
  wholeNumber,
} from './shape.ts';

const texts = listOf(text);
const textMap = mapOf(text);
const replicas = wholeNumber(0);

const keyReference = object({ name, key: name, optional: flag }, ['name', 'key']);
const envVar = object(
  {
    name,
    value: text,
    valueFrom: object({ secretKeyRef: keyReference, configMapKeyRef: keyReference }),
  },
  ['name'],
);
const env = listOf(envVar);

const objectReference = object({ name, optional: flag });
const envFrom = listOf(object({ secretRef: objectReference, configMapRef: objectReference }));

const container = object(
  {
    name,
    image: text,
    command: texts,
    args: texts,
    env,
    envFrom,
    ports: listOf(object({ name: text, containerPort: port, protocol: text }, ['containerPort'])),
    volumeMounts: listOf(object({ name, mountPath: name }, ['name', 'mountPath'])),
    lifecycle: object({ preStop: shapeless }),
    livenessProbe: shapeless,
    readinessProbe: shapeless,
    startupProbe: shapeless,
    resources: shapeless,
  },
  ['name'],
);

const podSpec = object({
  containers: listOf(container),
  initContainers: listOf(container),
  volumes: listOf(object({ name }, ['name'])),
  imagePullSecrets: listOf(object({ name })),
  serviceAccountName: text,
  terminationGracePeriodSeconds: wholeNumber(0),
});

const scaleTrigger = object(
  {
    type: name,
    name: text,
    metadata: textMap,
    authenticationRef: object({ name, kind: text }, ['name']),
  },
  ['type'],
);

const kedaSpec = object({
  pollingInterval: wholeNumber(0),
  initialCooldownPeriod: wholeNumber(0),
  cooldownPeriod: wholeNumber(0),
  idleReplicaCount: replicas,
  minReplicaCount: replicas,
  maxReplicaCount: replicas,
  advanced: shapeless,
  fallback: shapeless,
  triggers: listOf(scaleTrigger),
});

const hpaSpec = object({
  minReplicas: replicas,
  maxReplicas: wholeNumber(1),
  metrics: listOf(shapeless),
  metricsv2: listOf(shapeless),
});

const componentSpec = object({
  metadata: object({ name: text, labels: textMap, annotations: textMap }),
  spec: podSpec,
  replicas,
  kedaSpec,
  hpaSpec,
  pdbSpec: shapeless,
});

const graphNode: Shape = (value, path, findings) => node(value, path, findings);
const node = object(
  {
    name,
    type: text,
    implementation: text,
    methods: texts,
    children: listOf(graphNode),
    // A port of 0 is how Seldon's own operator writes one that is not set.
    endpoint: object({
      service_host: text,
      service_port: wholeNumber(0, 65_535),
      type: text,
      httpPort: wholeNumber(0, 65_535),
      grpcPort: wholeNumber(0, 65_535),
    }),
    parameters: listOf(object({ name, value: text, type: text }, ['name', 'value', 'type'])),
    modelUri: text,
    serviceAccountName: text,
    envSecretRefName: text,
    storageInitializerImage: text,
    logger: object({ url: text, mode: text }),
  },
  ['name'],
);

const predictor = object(
  {
    name,
    graph: graphNode,
    componentSpecs: listOf(componentSpec),
    svcOrchSpec: object({ env, resources: shapeless, replicas }),
    engineResources: shapeless,
    replicas,
    traffic: wholeNumber(0, 100),
    shadow: flag,
    annotations: textMap,
    labels: textMap,
    ssl: object({ certSecretName: text }),
    explainer: shapeless,
  },
  ['name', 'graph'],
);

export const seldonDeploymentShape = object(
  {
    apiVersion: name,
    kind: name,
    metadata: object(
      {
        name,
        namespace: name,
        uid: text,
        generation: wholeNumber(0, Number.MAX_SAFE_INTEGER),
        resourceVersion: text,
        labels: textMap,
        annotations: textMap,
        deletionTimestamp: text,
      },
      ['name'],
    ),
    spec: object({
      name: text,
      protocol: text,
      transport: text,
      serverType: text,
      replicas,
      annotations: textMap,
      predictors: listOf(predictor),
    }),
    status: shapeless,
  },
  ['apiVersion', 'kind', 'metadata', 'spec'],
);
