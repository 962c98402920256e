/** From a component's `kedaSpec` to the ScaledObject, and what authentication it needs (design.md §3.6). */

import type { Finding } from './finding.ts';
import { environmentOf, predictorField } from './kafka-environment.ts';
import { type KafkaSettings, kafkaSettingsOf } from './kafka-settings.ts';
import { scalerSecurity } from './keda-authentication.ts';
import { kedaProblems, scalesToZero } from './keda-check.ts';
import { incomplete, triggerWarnings } from './keda-check-trigger.ts';
import { scaledPodOf } from './keda-pod.ts';
import { fillTrigger, isKafkaTrigger, metadataOf } from './keda-trigger.ts';
import type { Manifest, ManifestMetadata } from './manifest.ts';
import { adapterContainer } from './names.ts';
import type { KedaSpec, Predictor, ScaleTrigger, SeldonDeployment } from './seldon-deployment.ts';

export { scalesToZero } from './keda-check.ts';

export interface Scaling {
  /** In the order to apply; empty where there is no kedaSpec, or a problem. */
  readonly objects: readonly Manifest[];
  readonly warnings: readonly Finding[];
  readonly problems: readonly Finding[];
}

/**
 * Renders what scales one Deployment of a predictor.
 * @param deployment the component's Deployment, whole: its pods are looked into for the adapter and
 *   its files; namespace, labels and owner references are taken over from it
 */
export function renderScaling(
  sdep: SeldonDeployment,
  predictor: Predictor,
  componentIndex: number,
  deployment: Manifest,
): Scaling {
  const component = predictor.componentSpecs?.[componentIndex];
  const kedaSpec = component?.kedaSpec;
  if (component === undefined || kedaSpec === undefined)
    return { objects: [], warnings: [], problems: [] };
  const where = `${predictorField(sdep.spec.predictors, predictor)}.componentSpecs[${componentIndex}]`;
  const problems = kedaProblems(component, where);
  if (problems.length > 0) return { objects: [], warnings: [], problems };
  const settings = kafkaSettingsOf(sdep, predictor);
  const field = `${where}.kedaSpec`;
  const made = renderTriggers(kedaSpec, settings, predictor, deployment, field);
  const metadata = metadataFor(deployment, kedaAnnotations(sdep, predictor, component.metadata));
  const scaledObject: Manifest = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata,
    spec: {
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: metadata.name,
        // KEDA gives up where the container it is told of is not there.
        ...(scaledPodOf(deployment).hasAdapter && { envSourceContainerName: adapterContainer }),
      },
      ...withShortHpaName(kedaSpec, metadata.name),
      triggers: made.triggers,
    },
  };
  return {
    objects: [...made.authentication, scaledObject],
    warnings: [...made.warnings, ...replicaWarnings(kedaSpec, settings, field)],
    problems: [],
  };
}

interface RenderedTriggers {
  readonly triggers: readonly ScaleTrigger[];
  readonly authentication: readonly Manifest[];
  readonly warnings: readonly Finding[];
}

function renderTriggers(
  kedaSpec: KedaSpec,
  settings: KafkaSettings | undefined,
  predictor: Predictor,
  deployment: Manifest,
  field: string,
): RenderedTriggers {
  // KEDA's CRD wants metadata of every trigger, were it empty.
  const given = (kedaSpec.triggers ?? []).map((trigger) => ({ metadata: {}, ...trigger }));
  const placed = given.map((trigger, i) => ({ trigger, where: `${field}.triggers[${i}]` }));
  const kafka = placed.filter(({ trigger }) => isKafkaTrigger(trigger));
  if (settings === undefined || kafka.length === 0) {
    const warnings = kafka.flatMap(({ trigger, where }) => incomplete(metadataOf(trigger), where));
    return { triggers: given, authentication: [], warnings };
  }
  const pod = scaledPodOf(deployment);
  const security = scalerSecurity(settings, pod, field);
  const { name } = deployment.metadata;
  const environment = environmentOf(predictor);
  const context = { settings, environment, scalesToZero: scalesToZero(kedaSpec) };
  const fill = (trigger: ScaleTrigger): ScaleTrigger =>
    isKafkaTrigger(trigger)
      ? fillTrigger(trigger, { settings, security, pod, authenticationName: name })
      : trigger;
  const isOurs = kafka.some(({ trigger }) => trigger.authenticationRef === undefined);
  const triggers = given.map(fill);
  const isUsed = triggers.some(
    (trigger, i) => trigger.authenticationRef !== given[i]?.authenticationRef,
  );
  return {
    triggers,
    authentication: isUsed
      ? [
          {
            apiVersion: 'keda.sh/v1alpha1',
            kind: 'TriggerAuthentication',
            metadata: metadataFor(deployment),
            spec: security.authentication,
          },
        ]
      : [],
    warnings: [
      ...(isOurs ? security.warnings : []),
      ...kafka.flatMap(({ trigger, where }) =>
        triggerWarnings(trigger, fill(trigger), { ...context, where }),
      ),
    ],
  };
}

function metadataFor(
  deployment: Manifest,
  annotations: Readonly<Record<string, string>> = {},
): ManifestMetadata {
  const { name, namespace, labels, ownerReferences } = deployment.metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels !== undefined && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(ownerReferences !== undefined && { ownerReferences }),
  };
}

/** Annotations by which KEDA is paused or forced; the nearest to the component wins. */
function kedaAnnotations(
  sdep: SeldonDeployment,
  predictor: Predictor,
  component: { readonly annotations?: Readonly<Record<string, string>> } | undefined,
): Record<string, string> {
  const all = {
    ...sdep.metadata.annotations,
    ...sdep.spec.annotations,
    ...predictor.annotations,
    ...component?.annotations,
  };
  const isKedas = (name: string): boolean => /^(?:autoscaling|scaledobject)\.keda\.sh\//.test(name);
  return Object.fromEntries(Object.entries(all).filter(([name]) => isKedas(name)));
}

/** Kubernetes takes so many characters of a label, and KEDA labels by its HPA's name. */
const longestLabel = 63;

/** KEDA's webhook refuses where `keda-hpa-<name>` is too long, and no other name is set. */
function withShortHpaName(kedaSpec: KedaSpec, name: string): KedaSpec {
  if (`keda-hpa-${name}`.length <= longestLabel) return kedaSpec;
  const given = kedaSpec.advanced?.['horizontalPodAutoscalerConfig'] as object | undefined;
  const horizontalPodAutoscalerConfig = { name, ...given };
  return { ...kedaSpec, advanced: { ...kedaSpec.advanced, horizontalPodAutoscalerConfig } };
}

function replicaWarnings(
  kedaSpec: KedaSpec,
  settings: KafkaSettings | undefined,
  field: string,
): Finding[] {
  const warnings: Finding[] = [];
  const { maxReplicaCount: max, idleReplicaCount: idle } = kedaSpec;
  const partitions = settings?.partitions;
  if (max !== undefined && partitions !== undefined && max > partitions) {
    const message = `${field}.maxReplicaCount: ${max} is more than the ${partitions} partitions that KAFKA_NUM_PARTITIONS says the input topic has, and replicas beyond them have nothing to consume; lower it, or add partitions`;
    warnings.push({ reason: 'MaxReplicasOverPartitions', message });
  }
  if (idle !== undefined && idle !== 0) {
    const message = `${field}.idleReplicaCount: KEDA supports no other than 0; take it out, or make it 0`;
    warnings.push({ reason: 'KedaReplicaCounts', message });
  }
  if (settings === undefined && scalesToZero(kedaSpec)) {
    const message = `${field}.minReplicaCount: is 0, and at zero replicas HTTP reaches nobody and starts nothing; set it to 1, or send events through a topic (KafkaSink, KAFKA_INPUT_TOPIC)`;
    warnings.push({ reason: 'HttpScaledToZero', message });
  }
  return warnings;
}
