import { describe, expect, it } from 'vitest';
import {
  adapterOf,
  containerOf,
  enginePredictorOf,
  envOf,
  ofKind,
  podOf,
  predictorWith,
  rendered,
  specOf,
} from './render-case.ts';

const modelOf = (container: object, parts: object = {}, spec: object = {}) =>
  containerOf(podOf(rendered([predictorWith(parts, container)], spec)), 'model');

describe('the container of a graph node', () => {
  it("has what Seldon's model wrappers read", () => {
    const parameters = [{ name: 'method', value: 'predict', type: 'STRING' }];
    const graph = { name: 'model', parameters };
    expect(envOf(modelOf({}, { graph, labels: { tier: 'gold' } }))).toMatchObject({
      PREDICTIVE_UNIT_ID: 'model',
      PREDICTIVE_UNIT_IMAGE: 'model:1',
      PREDICTIVE_UNIT_SERVICE_PORT: '9000',
      PREDICTIVE_UNIT_HTTP_SERVICE_PORT: '9000',
      PREDICTIVE_UNIT_GRPC_SERVICE_PORT: '9500',
      PREDICTIVE_UNIT_METRICS_SERVICE_PORT: '6000',
      PREDICTIVE_UNIT_PARAMETERS: JSON.stringify(parameters),
      PREDICTOR_ID: 'default',
      PREDICTOR_LABELS: '{"tier":"gold","version":"default"}',
      SELDON_DEPLOYMENT_ID: 'iris',
      MLSERVER_HTTP_PORT: '9000',
    });
    const grpc = envOf(modelOf({}, {}, { transport: 'grpc' }));
    expect(grpc['PREDICTIVE_UNIT_SERVICE_PORT']).toBe('9500');
  });

  it('keeps everything that the user gave it', () => {
    const own = {
      env: [{ name: 'PREDICTIVE_UNIT_ID', value: 'mine' }],
      envFrom: [{ secretRef: { name: 's' } }],
      ports: [{ name: 'http', containerPort: 8501 }],
      volumeMounts: [{ name: 'other', mountPath: '/etc/podinfo' }],
      readinessProbe: { httpGet: { path: '/', port: 1 } },
      livenessProbe: { exec: { command: ['true'] } },
      resources: { limits: { cpu: '1' } },
      workingDir: '/srv',
    };
    const model = modelOf(own);
    expect(model).toMatchObject({
      ...own,
      env: expect.arrayContaining(own.env),
      ports: expect.arrayContaining(own.ports),
    });
    expect(model.startupProbe).toBeUndefined();
    expect(model.ports).toEqual([
      { name: 'http', containerPort: 8501 },
      { name: 'grpc', containerPort: 9500 },
      { name: 'metrics', containerPort: 6000 },
    ]);
  });

  it('is asked by TCP where the user asks nothing, with half an hour to load', () => {
    const model = modelOf({}, {}, { transport: 'grpc' });
    const tcpSocket = { port: 9500 };
    expect(model.readinessProbe).toMatchObject({ tcpSocket });
    expect(model.livenessProbe).toMatchObject({ tcpSocket });
    expect(model.startupProbe).toMatchObject({
      tcpSocket,
      periodSeconds: 5,
      failureThreshold: 360,
    });
  });

  it('finds the annotations of its pod in a file', () => {
    const pod = podOf(rendered([predictorWith()]));
    expect(containerOf(pod, 'model').volumeMounts).toEqual([
      { name: 'seldon-podinfo', mountPath: '/etc/podinfo' },
    ]);
    expect(pod.volumes?.map(({ name }) => name)).toEqual(['seldon-podinfo']);
  });

  it('stands beside others of the pod that get nothing', () => {
    const sidecar = { name: 'shipper', image: 's', env: [{ name: 'A', value: '1' }] };
    const containers = [{ name: 'model', image: 'm' }, sidecar];
    const pod = podOf(rendered([predictorWith({ componentSpecs: [{ spec: { containers } }] })]));
    expect(containerOf(pod, 'shipper')).toEqual(sidecar);
  });
});

describe('ports of graph nodes', () => {
  const portsOf = (graph: object, containers: object[], spec: object = {}) => {
    const componentSpecs = [{ spec: { containers } }];
    const result = rendered([predictorWith({ graph, componentSpecs })], spec);
    return enginePredictorOf(adapterOf(result)).graph['endpoint'];
  };

  it('are those that the container names, else those of the graph, else counted up', () => {
    const image = 'm';
    const graph = { name: 'm', endpoint: { service_port: 8501 } };
    expect(portsOf(graph, [{ name: 'm', image }])).toMatchObject({
      httpPort: 8501,
      grpcPort: 9500,
    });
    const ports = [
      { name: 'http', containerPort: 7000 },
      { name: 'grpc', containerPort: 7001 },
    ];
    expect(portsOf(graph, [{ name: 'm', image, ports }])).toMatchObject({
      httpPort: 7000,
      grpcPort: 7001,
    });
    const unnamed = [{ containerPort: 8501 }];
    expect(portsOf(graph, [{ name: 'm', image, ports: unnamed }])).toMatchObject({
      httpPort: 8501,
    });
    expect(portsOf(graph, [{ name: 'm', image }], { transport: 'grpc' })).toMatchObject({
      service_port: 8501,
      grpcPort: 8501,
      httpPort: 9000,
    });
  });

  it('never meet in a pod, whatever the user took', () => {
    const containers = [
      { name: 'proxy', image: 'p', ports: [{ containerPort: 9000 }] },
      { name: 'a', image: 'a' },
      { name: 'b', image: 'b' },
    ];
    const graph = {
      name: 'a',
      endpoint: { service_port: 9001 },
      children: [{ name: 'b', endpoint: { service_port: 9001 } }],
    };
    expect(portsOf(graph, containers)).toMatchObject({ httpPort: 9001, grpcPort: 9500 });
    const componentSpecs = [{ spec: { containers } }];
    const pod = podOf(rendered([predictorWith({ graph, componentSpecs })]));
    expect(containerOf(pod, 'b').ports?.map(({ containerPort }) => containerPort)).toEqual([
      9002, 9501, 6001,
    ]);
  });
});

describe('a graph over several components', () => {
  const graph = { name: 'root', children: [{ name: 'leaf', type: 'MODEL' }] };
  const leaf = { spec: { containers: [{ name: 'leaf', image: 'l' }] } };
  const root = { spec: { containers: [{ name: 'root', image: 'r' }] } };
  const result = rendered([predictorWith({ graph, componentSpecs: [leaf, root] })]);

  it('has the adapter beside its root, and a Service for every node in another pod', () => {
    expect(podOf(result, 1).containers.map(({ name }) => name)).toEqual([
      'root',
      'seldon-container-engine',
    ]);
    expect(ofKind(result, 'Service').map(({ metadata }) => metadata.name)).toEqual([
      'iris-default',
      'iris-default-leaf',
    ]);
    const [child] = enginePredictorOf(adapterOf(result, 1)).graph['children'] as object[];
    expect(child).toMatchObject({
      endpoint: { service_host: 'iris-default-leaf.default.svc.cluster.local', service_port: 9000 },
    });
  });

  it('has Services that find exactly the pods meant', () => {
    const deployments = ofKind(result, 'Deployment');
    const found = ofKind(result, 'Service').map(({ spec }) => {
      const { selector } = spec as { selector: Record<string, string> };
      return deployments
        .filter((deployment) => {
          const { labels } = specOf(deployment).template.metadata;
          return Object.entries(selector).every(([name, value]) => labels[name] === value);
        })
        .map(({ metadata }) => metadata.name);
    });
    expect(found).toEqual([['iris-default-1-root'], ['iris-default-0-leaf']]);
  });
});
