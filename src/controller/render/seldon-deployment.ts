/**
 * A SeldonDeployment (`machinelearning.seldon.io/v1`) as its CRD lets it through. What embeds
 * Kubernetes' own types stays open: the API server has checked it when the Deployment is applied.
 */

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: KeyReference;
    readonly configMapKeyRef?: KeyReference;
    readonly [source: string]: unknown;
  };
}

export interface KeyReference {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFromSource[];
  readonly ports?: readonly ContainerPort[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly lifecycle?: { readonly preStop?: unknown; readonly [hook: string]: unknown };
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  /** TCP where it is not given. */
  readonly protocol?: string;
}

export interface EnvFromSource {
  readonly secretRef?: ObjectReference;
  readonly configMapRef?: ObjectReference;
  readonly [field: string]: unknown;
}

export interface ObjectReference {
  readonly name?: string;
  readonly optional?: boolean;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly [field: string]: unknown;
}

export interface Volume {
  readonly name: string;
  readonly [source: string]: unknown;
}

export type Probe = Readonly<Record<string, unknown>>;

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly imagePullSecrets?: readonly ObjectReference[];
  readonly serviceAccountName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly [field: string]: unknown;
}

/** A scale trigger of KEDA. */
export interface ScaleTrigger {
  readonly type: string;
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly authenticationRef?: { readonly name: string; readonly kind?: string };
  readonly [field: string]: unknown;
}

export interface KedaSpec {
  readonly pollingInterval?: number;
  readonly initialCooldownPeriod?: number;
  readonly cooldownPeriod?: number;
  readonly idleReplicaCount?: number;
  readonly minReplicaCount?: number;
  readonly maxReplicaCount?: number;
  readonly advanced?: Readonly<Record<string, unknown>>;
  readonly fallback?: Readonly<Record<string, unknown>>;
  readonly triggers?: readonly ScaleTrigger[];
}

export interface HpaSpec {
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly metrics?: readonly unknown[];
  readonly metricsv2?: readonly unknown[];
  readonly [field: string]: unknown;
}

export interface ComponentSpec {
  readonly metadata?: {
    /** Stands in the Deployment's name instead of the containers' names. */
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
  readonly replicas?: number;
  readonly kedaSpec?: KedaSpec;
  readonly hpaSpec?: HpaSpec;
  readonly [field: string]: unknown;
}

export interface GraphNode {
  readonly name: string;
  readonly type?: string;
  readonly implementation?: string;
  readonly methods?: readonly string[];
  readonly children?: readonly GraphNode[];
  readonly endpoint?: {
    readonly service_host?: string;
    readonly service_port?: number;
    readonly type?: string;
    readonly httpPort?: number;
    readonly grpcPort?: number;
  };
  readonly parameters?: readonly {
    readonly name: string;
    readonly value: string;
    readonly type: string;
  }[];
  readonly modelUri?: string;
  readonly serviceAccountName?: string;
  readonly envSecretRefName?: string;
  readonly storageInitializerImage?: string;
  readonly logger?: { readonly url?: string; readonly mode?: string };
}

export interface SvcOrchSpec {
  readonly env?: readonly EnvVar[];
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly replicas?: number;
}

export interface Predictor {
  readonly name: string;
  readonly graph: GraphNode;
  readonly componentSpecs?: readonly ComponentSpec[];
  readonly svcOrchSpec?: SvcOrchSpec;
  /** Older than `svcOrchSpec.resources`. */
  readonly engineResources?: Readonly<Record<string, unknown>>;
  readonly replicas?: number;
  readonly traffic?: number;
  readonly shadow?: boolean;
  readonly ssl?: { readonly certSecretName?: string };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface SeldonDeployment {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly name?: string;
    readonly protocol?: string;
    readonly transport?: string;
    readonly serverType?: string;
    readonly replicas?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly predictors: readonly Predictor[];
    readonly [field: string]: unknown;
  };
  readonly status?: Readonly<Record<string, unknown>>;
}
