/** The settings of the `controller` command. */

import { z } from 'zod';
import { httpSettings } from './http.ts';
import { parseJsonFile } from './json-file.ts';
import { type Conflict, type Environment, type Parsed, parseSettings } from './parse.ts';
import { processSettings } from './process.ts';
import {
  integer,
  kubernetesName,
  list,
  milliseconds,
  oneOf,
  type SettingGroup,
  text,
  type ValuesOf,
} from './setting.ts';
import { tlsProblem, tlsSettings } from './tls.ts';

const { httpHost, httpPort } = httpSettings;
const metricsPath = { ...httpSettings.metricsPath, doc: 'Path of the Prometheus metrics.' };
const { logLevel } = processSettings;

const imageName = text.regex(/^[\w.\-/:@]+$/, 'expected an image such as registry/name:tag');

/** What the rendered objects follow from; the `render` command has them too. */
export const renderingSettings = {
  adapterImage: {
    env: 'ADAPTER_IMAGE',
    schema: imageName,
    fallback: 'seldon-eventing:0.1.0',
    doc: 'Image of the adapter that stands beside the models.',
  },
  clusterDomain: {
    env: 'CLUSTER_DOMAIN',
    schema: kubernetesName,
    fallback: 'cluster.local',
    doc: "The cluster's DNS domain: addresses end in it.",
  },
  serverImagesFile: {
    env: 'SERVER_IMAGES',
    schema: text,
    doc: 'JSON file with the images of prepackaged servers and of the storage initializer; what it leaves out stays as it is. See docs/controller.md.',
  },
  kafkaDefaultsFile: {
    env: 'KAFKA_DEFAULTS',
    schema: text,
    doc: 'JSON file with the Kafka that the SeldonDeployments of `serverType: kafka` share: brokers, security, and Secrets to mount, for what their `svcOrchSpec.env` leaves open. In managed mode; read at the start. See docs/kafka-security.md.',
  },
} as const satisfies SettingGroup;

export const clusterSettings = {
  kubeconfig: {
    env: 'KUBECONFIG',
    schema: text,
    doc: 'Kubeconfig file of the cluster.',
    fallbackText: "the pod's own service account",
  },
} as const satisfies SettingGroup;

export const controllerSettings = {
  ...clusterSettings,
  mode: {
    env: 'CONTROLLER_MODE',
    schema: oneOf(['managed', 'attached']),
    fallback: 'managed',
    doc: "`managed`: makes Deployments, Services and scalers. `attached`: stands beside Seldon's operator, which makes them, and adds addresses and KEDA objects.",
  },
  namespaces: {
    env: 'WATCH_NAMESPACES',
    schema: list
      .pipe(kubernetesName.array().min(1, 'expected at least one namespace'))
      .meta({ title: 'comma-separated list' }),
    doc: 'Namespaces whose SeldonDeployments are looked after.',
    fallbackText: 'all',
  },
  ...renderingSettings,
  httpHost,
  httpPort,
  metricsPath,
  ...tlsSettings,
  leaderElection: {
    env: 'LEADER_ELECTION',
    schema: oneOf(['on', 'off']),
    fallback: 'on',
    doc: 'Of several replicas only the one that holds the Lease acts. `off` is for a single process, never for two.',
  },
  leaseNamespace: {
    env: 'POD_NAMESPACE',
    schema: kubernetesName,
    fallback: 'default',
    doc: "The controller's own namespace, where its Lease is.",
  },
  podName: {
    env: 'POD_NAME',
    aliases: ['HOSTNAME'],
    schema: text,
    doc: "The replica's name: it signs the Lease and the Events.",
    fallbackText: '`seldon-eventing`',
  },
  leaseDurationMs: {
    env: 'LEASE_DURATION_MS',
    schema: milliseconds(1_000),
    fallback: '15000',
    doc: 'After this silence of the leader another replica takes over.',
  },
  leaseRenewDeadlineMs: {
    env: 'LEASE_RENEW_DEADLINE_MS',
    schema: milliseconds(500),
    fallback: '10000',
    doc: 'A leader that could not renew its Lease for so long stops its work: before others may begin.',
  },
  leaseRetryMs: {
    env: 'LEASE_RETRY_MS',
    schema: milliseconds(100),
    fallback: '2000',
    doc: 'How often the Lease is renewed, or asked for.',
  },
  workers: {
    env: 'CONTROLLER_WORKERS',
    schema: integer(1, 100),
    fallback: '8',
    doc: 'Most SeldonDeployments that are reconciled at once.',
  },
  resyncMs: {
    env: 'RESYNC_MS',
    schema: milliseconds(1_000),
    fallback: '600000',
    doc: 'Everything is looked at again so often, whether or not something was seen to change.',
  },
  certificateCheckMs: {
    env: 'CERTIFICATE_CHECK_MS',
    schema: milliseconds(100),
    fallback: '60000',
    doc: 'A SeldonDeployment whose adapter serves HTTPS is looked at again within this time: `ca.crt` of its Secret, which the status tells, is not watched.',
  },
  logLevel,
} as const satisfies SettingGroup;

export type ControllerConfig = ValuesOf<typeof controllerSettings>;

const conflicts: readonly Conflict<typeof controllerSettings>[] = [
  {
    between: ['mode', 'kafkaDefaultsFile'],
    problem: ({ mode, kafkaDefaultsFile }) =>
      mode === 'attached' && kafkaDefaultsFile !== undefined
        ? "KAFKA_DEFAULTS is for CONTROLLER_MODE=managed: beside Seldon's operator the pods are its own; unset it"
        : undefined,
  },
  { between: ['tlsCertFile', 'tlsKeyFile'], problem: tlsProblem },
  {
    between: ['leaseDurationMs', 'leaseRenewDeadlineMs', 'leaseRetryMs'],
    problem: ({ leaseDurationMs, leaseRenewDeadlineMs, leaseRetryMs }) =>
      leaseRetryMs < leaseRenewDeadlineMs && leaseRenewDeadlineMs < leaseDurationMs
        ? undefined
        : 'LEASE_RETRY_MS must be less than LEASE_RENEW_DEADLINE_MS, and that less than LEASE_DURATION_MS: two replicas would act at once',
  },
];

/** Parses and checks everything; all problems are told together. */
export function parseControllerConfig(
  args: readonly string[],
  environment: Environment,
): Parsed<ControllerConfig> {
  return parseSettings(controllerSettings, args, environment, conflicts);
}

interface ServerImages {
  readonly storageInitializer: string;
  readonly byImplementation: Readonly<Record<string, ServerImage>>;
}

interface ServerImage {
  readonly image: string;
  readonly v2Image?: string;
  readonly tensorflowImage?: string;
}

const imageText = z.string().min(1);

const serverImagesSchema = z.strictObject({
  storageInitializer: imageText.optional(),
  byImplementation: z
    .record(
      z.string(),
      z.strictObject({
        image: imageText,
        v2Image: imageText.optional(),
        tensorflowImage: imageText.optional(),
      }),
    )
    .optional(),
});

/**
 * Reads the file that SERVER_IMAGES names.
 * @param content JSON: `{"storageInitializer": "…", "byImplementation": {"SKLEARN_SERVER": {"image": "…"}}}`
 * @returns the defaults with what the file says put over them, or everything that is wrong with it
 */
export function parseServerImages(content: string, defaults: ServerImages): Parsed<ServerImages> {
  const parsed = parseJsonFile('SERVER_IMAGES', content, serverImagesSchema);
  if (!parsed.ok) return parsed;
  const { storageInitializer, byImplementation } = parsed.values;
  const own = Object.entries(byImplementation ?? {}).map(
    ([name, { image, v2Image, tensorflowImage }]) =>
      [
        name,
        {
          image,
          ...(v2Image !== undefined && { v2Image }),
          ...(tensorflowImage !== undefined && { tensorflowImage }),
        },
      ] as const,
  );
  return {
    ok: true,
    values: {
      storageInitializer: storageInitializer ?? defaults.storageInitializer,
      byImplementation: { ...defaults.byImplementation, ...Object.fromEntries(own) },
    },
  };
}
