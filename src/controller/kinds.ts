/** The kinds of objects that the controller deals with. */

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

export const seldonDeploymentKind: Kind = {
  apiVersion: 'machinelearning.seldon.io/v1',
  kind: 'SeldonDeployment',
};
export const deploymentKind: Kind = { apiVersion: 'apps/v1', kind: 'Deployment' };
export const serviceKind: Kind = { apiVersion: 'v1', kind: 'Service' };
export const hpaKind: Kind = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };
export const scaledObjectKind: Kind = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject' };
export const triggerAuthenticationKind: Kind = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'TriggerAuthentication',
};
export const triggerKind: Kind = { apiVersion: 'eventing.knative.dev/v1', kind: 'Trigger' };
export const brokerKind: Kind = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker' };

/** What is made for a SeldonDeployment, by mode. Seldon's operator makes the rest in `attached`. */
export const childKinds = {
  managed: [deploymentKind, serviceKind, hpaKind, scaledObjectKind, triggerAuthenticationKind],
  attached: [scaledObjectKind, triggerAuthenticationKind],
} as const satisfies Readonly<Record<string, readonly Kind[]>>;

export type ControllerMode = keyof typeof childKinds;

export const isKeda = ({ apiVersion }: { readonly apiVersion: string }): boolean =>
  apiVersion.startsWith('keda.sh/');

/** What decides how many replicas there are: it goes first when it goes. */
export const isScaler = ({ kind }: { readonly kind: string }): boolean =>
  kind === scaledObjectKind.kind || kind === hpaKind.kind;
