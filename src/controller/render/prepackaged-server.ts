/** The containers of prepackaged servers: `implementation: SKLEARN_SERVER` and its like. */

import type { Protocol } from './call-style.ts';
import { metricsPath } from './labels.ts';
import { parametersText } from './model-container.ts';
import { servingContainer } from './names.ts';
import type { NodePorts } from './node-ports.ts';
import { modelPath } from './pod-paths.ts';
import type { ServerImage, ServerImages } from './rendered.ts';
import type { Container, EnvVar, GraphNode, Probe } from './seldon-deployment.ts';

/** The classes of MLServer's runtimes that its images come with. */
const runtimes: Readonly<Record<string, string>> = {
  SKLEARN_SERVER: 'mlserver_sklearn.SKLearnModel',
  XGBOOST_SERVER: 'mlserver_xgboost.XGBoostModel',
  MLFLOW_SERVER: 'mlserver_mlflow.MLflowRuntime',
  HUGGINGFACE_SERVER: 'mlserver_huggingface.HuggingFaceRuntime',
};

/** Seldon's ports of the TensorFlow Serving behind its proxy. */
const serving = { grpc: 2000, http: 2001 };

export interface PrepackagedServer {
  /** What the node's own container gets, below what the user gives it. */
  readonly container: Container;
  /** A second container, where the server needs one. */
  readonly beside: Container | undefined;
  /** The container that reads the model's files. */
  readonly reader: string;
}

/** The image of a server; undefined where it does not speak the protocol. */
export function serverImage(
  images: ServerImages,
  implementation: string,
  protocol: Protocol,
): string | undefined {
  const server = serverEntry(images, implementation);
  if (server === undefined) return undefined;
  if (implementation === 'TENSORFLOW_SERVER') {
    if (protocol === 'v2') return server.v2Image;
    return protocol === 'tensorflow' ? (server.tensorflowImage ?? server.image) : server.image;
  }
  if (implementation === 'TRITON_SERVER') {
    return protocol === 'v2' ? (server.v2Image ?? server.image) : undefined;
  }
  const byProtocol = {
    seldon: server.image,
    v2: server.v2Image,
    tensorflow: server.tensorflowImage,
  };
  return byProtocol[protocol];
}

/** The name of a server comes from the user: it may be that of any object's member. */
export const serverEntry = (images: ServerImages, name: string): ServerImage | undefined =>
  Object.hasOwn(images.byImplementation, name) ? images.byImplementation[name] : undefined;

/** Makes what a prepackaged server runs as; the image is known to be there (check-graph.ts). */
export function prepackagedServer(
  node: GraphNode,
  implementation: string,
  ports: NodePorts,
  protocol: Protocol,
  images: ServerImages,
): PrepackagedServer {
  const base = withImage({ name: node.name }, serverImage(images, implementation, protocol));
  const alone = (container: Container): PrepackagedServer => ({
    container: { ...base, ...container },
    beside: undefined,
    reader: node.name,
  });
  if (implementation === 'TRITON_SERVER') return alone(triton(node, ports));
  if (implementation !== 'TENSORFLOW_SERVER') {
    return alone(protocol === 'v2' ? mlserver(node, implementation, ports) : wrapper(node));
  }
  if (protocol === 'tensorflow') return alone(tensorflowServing(node, node.name, ports));
  const image = serverImage(images, implementation, 'tensorflow');
  return {
    container: { ...base, env: [proxyParameters(node)] },
    beside: withImage(tensorflowServing(node, servingContainer, serving), image),
    reader: servingContainer,
  };
}

const withImage = (container: Container, image: string | undefined): Container =>
  image === undefined ? container : { ...container, image };

const parameters = (node: GraphNode, more: Readonly<Record<string, string>>): EnvVar => ({
  name: 'PREDICTIVE_UNIT_PARAMETERS',
  value: parametersText([
    ...(node.parameters ?? []),
    ...Object.entries(more).map(([name, value]) => ({ name, value, type: 'STRING' })),
  ]),
});

/** Seldon's own servers read the model's path from their parameters. */
const wrapper = (node: GraphNode): Container => ({
  name: node.name,
  env: [parameters(node, { model_uri: modelPath })],
});

function proxyParameters(node: GraphNode): EnvVar {
  const hasEndpoint = node.parameters?.some(({ name }) => /^(?:rest|grpc)_endpoint$/.test(name));
  const endpoints = {
    rest_endpoint: `http://127.0.0.1:${serving.http}`,
    grpc_endpoint: `127.0.0.1:${serving.grpc}`,
  };
  return parameters(node, { ...(hasEndpoint ? {} : endpoints), model_name: node.name });
}

const tensorflowServing = (
  node: GraphNode,
  name: string,
  ports: { readonly http: number; readonly grpc: number },
): Container => ({
  name,
  args: [
    `--port=${ports.grpc}`,
    `--rest_api_port=${ports.http}`,
    `--model_name=${node.name}`,
    `--model_base_path=${modelPath}`,
  ],
});

const mlserver = (node: GraphNode, implementation: string, ports: NodePorts): Container => ({
  name: node.name,
  args: ['mlserver', 'start', modelPath],
  env: [
    ...(Object.hasOwn(runtimes, implementation)
      ? [{ name: 'MLSERVER_MODEL_IMPLEMENTATION', value: runtimes[implementation] ?? '' }]
      : []),
    // Its own default port is one for all MLServers of a pod.
    { name: 'MLSERVER_METRICS_PORT', value: String(ports.metrics) },
    { name: 'MLSERVER_METRICS_ENDPOINT', value: metricsPath },
  ],
  ...healthProbes(ports),
});

const triton = (node: GraphNode, ports: NodePorts): Container => ({
  name: node.name,
  args: [
    '/opt/tritonserver/bin/tritonserver',
    `--grpc-port=${ports.grpc}`,
    `--http-port=${ports.http}`,
    `--metrics-port=${ports.metrics}`,
    `--model-repository=${modelPath}`,
    '--strict-model-config=false',
  ],
  ...healthProbes(ports),
});

/** The health routes of the v2 protocol; ready when the model is loaded. */
function healthProbes({ http }: NodePorts): Partial<Container> {
  const probe = (path: string): Probe => ({
    httpGet: { path, port: http },
    periodSeconds: 5,
    timeoutSeconds: 2,
  });
  return {
    readinessProbe: probe('/v2/health/ready'),
    livenessProbe: probe('/v2/health/live'),
    // As for models of the user's own: half an hour to load.
    startupProbe: { ...probe('/v2/health/live'), failureThreshold: 360 },
  };
}
