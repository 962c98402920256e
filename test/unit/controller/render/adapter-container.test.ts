import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../../src/config/adapter.ts';
import type { PodSpec } from '../../../../src/controller/render/seldon-deployment.ts';
import {
  adapterOf,
  enginePredictorOf,
  envOf,
  ofKind,
  podOf,
  predictorWith,
  rendered,
  renderResource,
  resourceWith,
  settings,
} from './render-case.ts';

const withEnv = (env: object[], more: object = {}) =>
  rendered([predictorWith({ svcOrchSpec: { env }, ...more })]);

describe('the adapter of a predictor', () => {
  it('is told who it answers for, how its predictor is called, and where', () => {
    const adapter = adapterOf(rendered([predictorWith()], { protocol: 'kfserving' }));
    expect(adapter.name).toBe('seldon-container-engine');
    expect(adapter.image).toBe(settings.adapterImage);
    expect(envOf(adapter)).toMatchObject({
      SELDON_DEPLOYMENT_ID: 'iris',
      SELDON_NAMESPACE: '{"fieldRef":{"fieldPath":"metadata.namespace"}}',
      PREDICTOR_ID: 'default',
      SELDON_PROTOCOL: 'v2',
      SELDON_TRANSPORT: 'rest',
      MODEL_NAME: 'model',
      SERVER_TYPE: 'rpc',
      HTTP_PORT: '8000',
      METRICS_PATH: '/prometheus',
    });
    expect(envOf(adapter)).not.toHaveProperty('PREDICTOR_URL');
    expect(envOf(adapter)).not.toHaveProperty('GRPC_PORT');
    expect(enginePredictorOf(adapter).graph).toEqual({
      name: 'model',
      type: 'MODEL',
      implementation: 'UNKNOWN_IMPLEMENTATION',
      endpoint: {
        service_host: 'localhost',
        service_port: 9000,
        httpPort: 9000,
        grpcPort: 9500,
        type: 'REST',
      },
    });
  });

  it('answers as the source that the nearest annotation names, and svcOrchSpec.env before that', () => {
    const annotated = (source: string) => ({ 'seldon-eventing.io/response-source': source });
    const sourceOf = (predictor: object, spec: object = {}) =>
      envOf(adapterOf(rendered([predictorWith(predictor)], spec)))['RESPONSE_SOURCE'];
    const resource = resourceWith([predictorWith()]);
    const metadata = { ...(resource['metadata'] as object), annotations: annotated('seldon.iris') };
    const adapter = adapterOf(renderResource({ ...resource, metadata }));
    expect(envOf(adapter)['RESPONSE_SOURCE']).toBe('seldon.iris');
    const spec = { annotations: annotated('of-spec') };
    expect(sourceOf({}, spec)).toBe('of-spec');
    expect(sourceOf({ annotations: annotated('of-predictor') }, spec)).toBe('of-predictor');
    const svcOrchSpec = { env: [{ name: 'RESPONSE_SOURCE', value: 'of-env' }] };
    expect(sourceOf({ svcOrchSpec }, spec)).toBe('of-env');
    expect(sourceOf({})).toBeUndefined();
  });

  it('reads every variable that it is given, under names that it knows', () => {
    const adapter = adapterOf(rendered([predictorWith()], { protocol: 'v2' }));
    const { ENGINE_PREDICTOR: _, ...env } = envOf(adapter);
    const parsed = parseAdapterConfig([], {
      ...env,
      SELDON_NAMESPACE: 'default',
      PREDICTOR_URL: 'http://127.0.0.1:9000',
    });
    expect(parsed).toMatchObject({
      ok: true,
      values: { sdep: 'iris', protocol: 'v2', model: 'model', httpPort: 8000, warnings: [] },
    });
  });

  it('gets all variables of svcOrchSpec, once each, and theirs count', () => {
    const { env = [] } = adapterOf(
      withEnv([
        { name: 'LOG_LEVEL', value: 'info' },
        { name: 'SELDON_PROTOCOL', value: 'v2' },
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'LOG_LEVEL', value: 'debug' },
      ]),
    );
    const names = env.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(env.slice(-3)).toEqual([
      { name: 'SELDON_PROTOCOL', value: 'v2' },
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'LOG_LEVEL', value: 'debug' },
    ]);
  });

  it('can name our variables in its own, since they stand before them', () => {
    const names = (withEnvOf: object[]) =>
      adapterOf(withEnv(withEnvOf)).env?.map(({ name }) => name) ?? [];
    const all = names([
      { name: 'KAFKA_CONSUMER_GROUP', value: '$(PREDICTOR_ID).$(SELDON_NAMESPACE)' },
    ]);
    expect(all.indexOf('PREDICTOR_ID')).toBeLessThan(all.indexOf('KAFKA_CONSUMER_GROUP'));
    expect(all.indexOf('SELDON_NAMESPACE')).toBeLessThan(all.indexOf('KAFKA_CONSUMER_GROUP'));
  });

  it('listens, is probed and is served where HTTP_PORT says', () => {
    const result = withEnv([{ name: 'HTTP_PORT', value: '8080' }]);
    const adapter = adapterOf(result);
    expect(adapter.ports).toEqual([{ name: 'metrics', containerPort: 8080 }]);
    expect(adapter.readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: 8080 } });
    expect(adapter.livenessProbe).toMatchObject({ httpGet: { path: '/livez', port: 8080 } });
    expect(ofKind(result, 'Service')[0]?.['spec']).toMatchObject({
      ports: [{ name: 'http', port: 8000, targetPort: 8080 }, { port: 5001 }],
    });
    const unknown = withEnv([
      { name: 'HTTP_PORT', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
    ]);
    expect(adapterOf(unknown).ports).toEqual([{ name: 'metrics', containerPort: 8000 }]);
  });

  it('has the resources of svcOrchSpec, else of engineResources, else requests and a memory limit', () => {
    const [mine, older] = [{ limits: { cpu: '2' } }, { limits: { cpu: '1' } }];
    const resourcesOf = (parts: object) => adapterOf(rendered([predictorWith(parts)])).resources;
    expect(resourcesOf({ svcOrchSpec: { resources: mine }, engineResources: older })).toEqual(mine);
    expect(resourcesOf({ engineResources: older })).toEqual(older);
    expect(resourcesOf({})).toEqual({
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { memory: '512Mi' },
    });
  });

  it('runs with the least rights', () => {
    expect(adapterOf(rendered([predictorWith()]))['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('is changed by a container of its name, and stays the last', () => {
    const own = {
      name: 'seldon-container-engine',
      image: 'mine:1',
      env: [{ name: 'LOG_LEVEL', value: 'trace' }],
      volumeMounts: [{ name: 'certs', mountPath: '/certs' }],
    };
    const containers = [own, { name: 'model', image: 'model:1' }];
    const result = rendered([predictorWith({ componentSpecs: [{ spec: { containers } }] })]);
    expect(podOf(result).containers.map(({ name }) => name)).toEqual([
      'model',
      'seldon-container-engine',
    ]);
    const adapter = adapterOf(result);
    expect(adapter.image).toBe('mine:1');
    expect(adapter.volumeMounts).toEqual(expect.arrayContaining(own.volumeMounts));
    expect(envOf(adapter)).toMatchObject({ PREDICTOR_ID: 'default', LOG_LEVEL: 'trace' });
  });

  it("can read the pod's annotations, in a pod of its own too", () => {
    const graph = { name: 'far', endpoint: { service_host: 'models', service_port: 80 } };
    for (const result of [rendered([predictorWith()]), rendered([{ name: 'default', graph }])]) {
      const mount = { name: 'seldon-podinfo', mountPath: '/etc/podinfo' };
      expect(adapterOf(result).volumeMounts).toEqual([mount]);
      const pod = ofKind(result, 'Deployment')[0]?.['spec'] as { template: { spec: PodSpec } };
      expect(pod.template.spec.volumes).toEqual([
        expect.objectContaining({ name: 'seldon-podinfo', downwardAPI: expect.anything() }),
      ]);
    }
  });

  it('is told of its predictor without what changes while pods run, and without secrets', () => {
    const env = [{ name: 'TOKEN', value: 'hush' }];
    const one = { replicas: 1, svcOrchSpec: { env } };
    const other = { replicas: 9, svcOrchSpec: { env } };
    const container = { env: [{ name: 'KEY', value: 'hush' }] };
    const engineOf = (parts: object, component: object) =>
      enginePredictorOf(adapterOf(rendered([predictorWith(parts, container, component)])));
    expect(engineOf(one, {})).toEqual(engineOf(other, { hpaSpec: { maxReplicas: 3 } }));
    expect(JSON.stringify(engineOf(one, {}))).not.toContain('hush');
  });

  it('knows models elsewhere by the hosts that the graph names', () => {
    const graph = {
      name: 'far',
      endpoint: { service_host: 'models.example.com', service_port: 80 },
    };
    const result = rendered([{ name: 'default', graph }]);
    expect(ofKind(result, 'Deployment').map(({ metadata }) => metadata.name)).toEqual([
      'iris-default-svc-orch',
    ]);
    expect(enginePredictorOf(adapterOf(result)).graph['endpoint']).toMatchObject({
      service_host: 'models.example.com',
      service_port: 80,
    });
  });
});

describe('when a pod ends', () => {
  const endOf = (env: object[], pod: object = {}) => {
    const spec = { ...pod, containers: [{ name: 'model', image: 'model:1' }] };
    const componentSpecs = [{ spec }];
    const { terminationGracePeriodSeconds, containers } = podOf(withEnv(env, { componentSpecs }));
    const [model, adapter] = containers;
    expect(adapter?.lifecycle).toBeUndefined();
    return [terminationGracePeriodSeconds, JSON.stringify(model?.lifecycle?.preStop)];
  };
  const sleep = (seconds: number) => `{"exec":{"command":["/bin/sh","-c","sleep ${seconds}"]}}`;

  it('models serve beyond the drain of the adapter, and all have ended before they are killed', () => {
    expect(endOf([])).toEqual([25, sleep(17)]);
    const longer = [
      { name: 'DRAIN_DELAY_MS', value: '500' },
      { name: 'DRAIN_TIMEOUT_MS', value: '1m' },
    ];
    expect(endOf(longer)).toEqual([71, sleep(63)]);
  });

  it('a longer time of the user stays, a shorter one would cut off the drain', () => {
    expect(endOf([], { terminationGracePeriodSeconds: 300 })[0]).toBe(300);
    expect(endOf([], { terminationGracePeriodSeconds: 5 })[0]).toBe(25);
  });

  it('a drain that cannot be known here is taken for the default', () => {
    const valueFrom = { configMapKeyRef: { name: 'c', key: 'k' } };
    expect(endOf([{ name: 'DRAIN_DELAY_MS', valueFrom }])).toEqual([25, sleep(17)]);
    expect(endOf([{ name: 'DRAIN_DELAY_MS', value: 'soon' }])).toEqual([25, sleep(17)]);
  });

  it("a model's own preStop stays", () => {
    const lifecycle = { preStop: { httpGet: { path: '/stop', port: 1 } } };
    const pod = podOf(rendered([predictorWith({}, { lifecycle })]));
    expect(pod.containers[0]?.lifecycle).toEqual(lifecycle);
  });
});
