/**
 * The HorizontalPodAutoscaler of a `hpaSpec`. Its `metrics` are in the form of autoscaling/v2beta1,
 * which clusters no longer serve; `metricsv2` are in that of v2.
 */

import { isObject, type PlainObject } from './canonical.ts';
import type { Manifest } from './manifest.ts';
import { ownedMetadata } from './owner.ts';
import type { HpaSpec, SeldonDeployment } from './seldon-deployment.ts';

/** @param deployment the Deployment that it scales; it has its name */
export function createAutoscaler(
  sdep: SeldonDeployment,
  deployment: string,
  { minReplicas, maxReplicas, metrics = [], metricsv2 = [], ...others }: HpaSpec,
): Manifest {
  const all = [...metrics.map(toV2), ...metricsv2];
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: ownedMetadata(sdep, deployment, {}),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
      minReplicas,
      maxReplicas,
      metrics: all.length === 0 ? undefined : all,
      behavior: others['behavior'],
    },
  };
}

/** The field of a metric that has what it measures, by its type. */
const sources: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

/** A metric of v2beta1 in v2; one that is in v2 already, or unknown, stays for Kubernetes to judge. */
export function toV2(metric: unknown): unknown {
  if (!isObject(metric)) return metric;
  const { type } = metric;
  const field =
    typeof type === 'string' && Object.hasOwn(sources, type) ? sources[type] : undefined;
  const source = field === undefined ? undefined : metric[field];
  if (field === undefined || !isObject(source) || isV2(field, source)) return metric;
  return { ...metric, [field]: sourceToV2(field, source) };
}

/** In v2beta1 only an Object metric has a `target`, and that names the object. */
const isV2 = (field: string, source: PlainObject): boolean =>
  field === 'object' ? isObject(source['metric']) : isObject(source['target']);

function sourceToV2(field: string, source: PlainObject): PlainObject {
  const {
    targetAverageUtilization,
    targetAverageValue,
    targetValue,
    averageValue,
    metricName,
    metricSelector,
    selector,
    target: describedObject,
    ...others
  } = source;
  const isResource = field === 'resource' || field === 'containerResource';
  return {
    ...others,
    ...(field === 'object' && describedObject !== undefined ? { describedObject } : {}),
    ...(isResource
      ? {}
      : {
          metric: { name: metricName, selector: field === 'external' ? metricSelector : selector },
        }),
    target: targetOf({
      Utilization: targetAverageUtilization,
      AverageValue: targetAverageValue ?? averageValue,
      Value: targetValue,
    }),
  };
}

/** The first that is given. */
function targetOf(values: Readonly<Record<string, unknown>>): PlainObject {
  const fields: Readonly<Record<string, string>> = {
    Utilization: 'averageUtilization',
    AverageValue: 'averageValue',
    Value: 'value',
  };
  const [type = 'Utilization'] = Object.keys(values).filter((kind) => values[kind] !== undefined);
  return { type, [fields[type] ?? '']: values[type] };
}
