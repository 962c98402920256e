import { describe, expect, it } from 'vitest';
import {
  adapterOf,
  containerOf,
  enginePredictorOf,
  envOf,
  podOf,
  rendered,
  settings,
} from './render-case.ts';

const server = (implementation: string, more: object = {}, componentSpecs?: object[]) => ({
  name: 'default',
  graph: { name: 'model', implementation, modelUri: 'gs://models/iris', ...more },
  ...(componentSpecs && { componentSpecs }),
});
const podWith = (predictor: object, protocol: string) => podOf(rendered([predictor], { protocol }));

describe('a prepackaged server', () => {
  it.each([
    ['SKLEARN_SERVER', 'seldon', 'seldonio/sklearnserver:1.18.2'],
    ['XGBOOST_SERVER', 'seldon', 'seldonio/xgboostserver:1.18.2'],
    ['MLFLOW_SERVER', 'seldon', 'seldonio/mlflowserver:1.18.2'],
    ['TENSORFLOW_SERVER', 'seldon', 'seldonio/tfserving-proxy:1.18.2'],
    ['TENSORFLOW_SERVER', 'tensorflow', 'tensorflow/serving:2.1.0'],
    ['SKLEARN_SERVER', 'v2', 'seldonio/mlserver:1.7.1-sklearn'],
    ['XGBOOST_SERVER', 'kfserving', 'seldonio/mlserver:1.7.1-xgboost'],
    ['MLFLOW_SERVER', 'v2', 'seldonio/mlserver:1.7.1-mlflow'],
    ['TRITON_SERVER', 'v2', 'nvcr.io/nvidia/tritonserver:21.08-py3'],
  ])('%s of protocol %s runs %s, told where its model is', (implementation, protocol, image) => {
    const pod = podWith(server(implementation), protocol);
    const model = containerOf(pod, 'model');
    expect(model.image).toBe(image);
    expect(envOf(model)['PREDICTIVE_UNIT_IMAGE']).toBe(image);
    const [initializer] = pod.initContainers ?? [];
    expect(initializer).toMatchObject({
      image: settings.servers.storageInitializer,
      args: ['gs://models/iris', '/mnt/models'],
    });
    const reader = pod.containers.find(({ volumeMounts = [] }) =>
      volumeMounts.some(({ mountPath }) => mountPath === '/mnt/models'),
    );
    expect(reader?.name).toBe(image.includes('proxy') ? 'tfserving' : 'model');
    expect(pod.volumes).toContainEqual({
      name: `${reader?.name}-provision-location`,
      emptyDir: {},
    });
  });

  it('of MLServer is told all that it needs, with ports that no other of the pod has', () => {
    const model = containerOf(podWith(server('SKLEARN_SERVER'), 'v2'), 'model');
    expect(model.args).toEqual(['mlserver', 'start', '/mnt/models']);
    expect(envOf(model)).toMatchObject({
      MLSERVER_MODEL_IMPLEMENTATION: 'mlserver_sklearn.SKLearnModel',
      MLSERVER_MODEL_NAME: 'model',
      MLSERVER_MODEL_URI: '/mnt/models',
      MLSERVER_HTTP_PORT: '9000',
      MLSERVER_GRPC_PORT: '9500',
      MLSERVER_METRICS_PORT: '6000',
      MLSERVER_METRICS_ENDPOINT: '/prometheus',
    });
    expect(model.readinessProbe).toMatchObject({
      httpGet: { path: '/v2/health/ready', port: 9000 },
    });
  });

  it('of TensorFlow listens where the graph says that it does', () => {
    const endpoint = { httpPort: 8501, grpcPort: 8500 };
    const pod = podWith(server('TENSORFLOW_SERVER', { endpoint }), 'tensorflow');
    expect(containerOf(pod, 'model').args).toEqual([
      '--port=8500',
      '--rest_api_port=8501',
      '--model_name=model',
      '--model_base_path=/mnt/models',
    ]);
    expect(containerOf(pod, 'model').ports).toContainEqual({ name: 'http', containerPort: 8501 });
  });

  it("lies below a user's container of its name", () => {
    const mine = {
      name: 'model',
      image: 'mine:1',
      args: ['serve'],
      env: [{ name: 'MLSERVER_MODEL_IMPLEMENTATION', value: 'mine.Model' }],
      resources: { limits: { 'nvidia.com/gpu': 1 } },
    };
    const shipper = { name: 'shipper', image: 's' };
    const componentSpecs = [{ spec: { containers: [mine, shipper] } }];
    const pod = podWith(server('SKLEARN_SERVER', {}, componentSpecs), 'v2');
    const { env: _, ...others } = mine;
    expect(containerOf(pod, 'model')).toMatchObject(others);
    expect(envOf(containerOf(pod, 'model'))).toMatchObject({
      MLSERVER_MODEL_IMPLEMENTATION: 'mine.Model',
      MLSERVER_METRICS_PORT: '6000',
    });
    expect(containerOf(pod, 'shipper')).toEqual(shipper);
  });

  it('may be one that only the configuration knows', () => {
    const byImplementation = { LLM_SERVER: { image: 'llm:1', v2Image: 'llm:2' } };
    const servers = { ...settings.servers, byImplementation };
    const using = { ...settings, servers };
    const imageOf = (protocol: string) =>
      containerOf(podOf(rendered([server('LLM_SERVER')], { protocol }, using)), 'model').image;
    expect(imageOf('seldon')).toBe('llm:1');
    expect(imageOf('v2')).toBe('llm:2');
  });

  it('is a model to the adapter, with its image for the metrics', () => {
    const engine = enginePredictorOf(adapterOf(rendered([server('SKLEARN_SERVER')])));
    expect(engine.graph).toMatchObject({ type: 'MODEL', implementation: 'SKLEARN_SERVER' });
    expect(engine['componentSpecs']).toEqual([
      { spec: { containers: [{ name: 'model', image: 'seldonio/sklearnserver:1.18.2' }] } },
    ]);
  });
});

describe('the model of a prepackaged server', () => {
  it('is fetched with the credentials, the account and the image that the node names', () => {
    const pod = podWith(
      server('SKLEARN_SERVER', {
        envSecretRefName: 'bucket',
        serviceAccountName: 'reader',
        storageInitializerImage: 'fetch:1',
      }),
      'seldon',
    );
    expect(pod.serviceAccountName).toBe('reader');
    expect(pod.initContainers?.[0]).toMatchObject({
      name: 'model-model-initializer',
      image: 'fetch:1',
      envFrom: [{ secretRef: { name: 'bucket' } }],
    });
  });

  it('comes from a persistent volume by its claim', () => {
    const pod = podWith(server('SKLEARN_SERVER', { modelUri: 'pvc://models/a/b' }), 'seldon');
    expect(pod.initContainers?.[0]?.args).toEqual(['/mnt/pvc/a/b', '/mnt/models']);
    expect(pod.volumes).toContainEqual({
      name: 'model-pvc-source',
      persistentVolumeClaim: { claimName: 'models' },
    });
    const mounts = containerOf(pod, 'model').volumeMounts;
    expect(mounts).toContainEqual({
      name: 'model-pvc-source',
      mountPath: '/mnt/pvc',
      readOnly: true,
    });
  });

  it("is left to an init container of the user's own of the same name", () => {
    const own = { name: 'model-model-initializer', image: 'mine' };
    const spec = { containers: [], initContainers: [own] };
    const pod = podWith(server('SKLEARN_SERVER', {}, [{ spec }]), 'seldon');
    expect(pod.initContainers).toEqual([own]);
  });
});
