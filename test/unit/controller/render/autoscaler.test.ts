import { describe, expect, it } from 'vitest';
import { toV2 } from '../../../../src/controller/render/autoscaler.ts';
import { ofKind, predictorWith, rendered } from './render-case.ts';

describe('the metrics of a hpaSpec', () => {
  // https://kubernetes.io/docs/reference/using-api/deprecation-guide/#horizontalpodautoscaler-v125
  it.each([
    [
      { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 70 } },
      { resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ],
    [
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
      { resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
    ],
    [
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'model', targetAverageUtilization: 70 },
      },
      {
        containerResource: {
          name: 'cpu',
          container: 'model',
          target: { type: 'Utilization', averageUtilization: 70 },
        },
      },
    ],
    [
      { type: 'Pods', pods: { metricName: 'lag', targetAverageValue: '5', selector: { a: 1 } } },
      {
        pods: {
          metric: { name: 'lag', selector: { a: 1 } },
          target: { type: 'AverageValue', averageValue: '5' },
        },
      },
    ],
    [
      {
        type: 'Object',
        object: { target: { kind: 'Ingress', name: 'i' }, metricName: 'hits', targetValue: '9' },
      },
      {
        object: {
          describedObject: { kind: 'Ingress', name: 'i' },
          metric: { name: 'hits', selector: undefined },
          target: { type: 'Value', value: '9' },
        },
      },
    ],
    [
      {
        type: 'External',
        external: { metricName: 'queue', metricSelector: { b: 2 }, targetAverageValue: '30' },
      },
      {
        external: {
          metric: { name: 'queue', selector: { b: 2 } },
          target: { type: 'AverageValue', averageValue: '30' },
        },
      },
    ],
  ])('are turned from v2beta1 to v2: %j', (metric, expected) => {
    expect(toV2(metric)).toEqual({ type: metric.type, ...expected });
    expect(toV2(toV2(metric))).toEqual(toV2(metric));
  });

  it('that are of v2 already, or of no kind that is known, stay as they are', () => {
    const target = { type: 'Utilization', averageUtilization: 70 };
    for (const metric of [
      { type: 'Resource', resource: { name: 'cpu', target } },
      { type: 'constructor', constructor: {} },
      { type: 'Resource', resource: 7 },
      {},
      'odd',
    ]) {
      expect(toV2(metric)).toEqual(metric);
    }
  });

  it('of both forms make one HPA, named as the Deployment that it scales', () => {
    const cpu = { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 70 } };
    const target = { type: 'AverageValue', averageValue: '1Gi' };
    const memory = { type: 'Resource', resource: { name: 'memory', target } };
    const hpaSpec = { minReplicas: 1, maxReplicas: 4, metrics: [cpu], metricsv2: [memory] };
    const [hpa] = ofKind(rendered([predictorWith({}, {}, { hpaSpec })]), 'HorizontalPodAutoscaler');
    expect(hpa?.apiVersion).toBe('autoscaling/v2');
    expect(hpa?.metadata.name).toBe('iris-default-0-model');
    expect(hpa?.['spec']).toEqual({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'iris-default-0-model' },
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [toV2(cpu), memory],
    });
  });
});
