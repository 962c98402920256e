/** What a SeldonDeployment comes to. */

import type { Finding } from './finding.ts';
import type { Manifest } from './manifest.ts';

/** How one controller renders; the same for every SeldonDeployment. */
export interface RenderSettings {
  readonly adapterImage: string;
  readonly clusterDomain: string;
  /** The adapter's HTTP port in pods (Seldon's: 8000) and its gRPC port (5001). */
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Images of prepackaged servers and of the storage initializer, by `implementation`. */
  readonly servers: ServerImages;
  /** What SeldonDeployments of `serverType: kafka` leave open. */
  readonly kafkaDefaults?: KafkaDefaults | undefined;
}

export interface KafkaDefaults {
  /** Variables of the adapter. */
  readonly env: Readonly<Record<string, string>>;
  /** Secrets by name, and where the adapter finds their keys as files. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface ServerImage {
  readonly image: string;
  /** For v2, where the image differs. */
  readonly v2Image?: string;
  /** For the tensorflow protocol, where the image differs. */
  readonly tensorflowImage?: string;
}

export interface ServerImages {
  readonly storageInitializer: string;
  readonly byImplementation: Readonly<Record<string, ServerImage>>;
}

/** A Secret or ConfigMap that pods need before they can start. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Keys that must be in it; none: the object alone. */
  readonly keys: readonly string[];
  /** The field that names it, as a path from the SeldonDeployment. */
  readonly field: string;
}

/** Where a predictor is called; the first one's is the SeldonDeployment's address. */
export interface Address {
  /** The predictor's name. */
  readonly name: string;
  readonly url: string;
  /** Authorities, in PEM, that its certificate is of; as Knative names the field. */
  readonly CACerts?: string;
  /** Whom tokens must be for. */
  readonly audience?: string;
}

export interface Rendered {
  /** Nothing is made where there are any. */
  readonly problems: readonly Finding[];
  /** Made all the same. */
  readonly warnings: readonly Finding[];
  /** All of it, in the order to apply; empty where there are problems. */
  readonly objects: readonly Manifest[];
  readonly addresses: readonly Address[];
  /** By predictor: the Secret that its certificate comes from. */
  readonly certificates?: Readonly<Record<string, string>>;
  readonly references: readonly Reference[];
  /** Names of Deployments whose replicas KEDA or an HPA owns. */
  readonly scaledByOthers: readonly string[];
}
