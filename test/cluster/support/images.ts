/** What stands for the images of the manifests. */

import { fileURLToPath } from 'node:url';
import type { ClusterPrograms } from './install.ts';
import type { Image } from './pod-runner.ts';

const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const clusterConnect = new URL('./cluster-connect.mjs', import.meta.url).href;
const irisPredictor = fileURLToPath(new URL('./iris-predictor.mjs', import.meta.url));

/**
 * Ours run from dist/, Python's as their manifest says, Knative's data plane as it was built; a model
 * server's is the iris predictor.
 * @param proxyUrl by which all of them find the names of the cluster
 */
export function imagesOf(programs: ClusterPrograms, proxyUrl: string): readonly Image[] {
  const ours = [process.execPath, main];
  const iris = () => [process.execPath, irisPredictor];
  const knative = {
    usesApiServer: true,
    // Several of them on one machine cannot all have the port of their own that profiles are at.
    environment: { HTTP_PROXY: proxyUrl, TLS_PROXY: new URL(proxyUrl).host, PROFILING_PORT: '0' },
  };
  return [
    {
      name: 'seldon-eventing:',
      usesApiServer: true,
      environment: { NODE_OPTIONS: `--import=${clusterConnect}`, CLUSTER_PROXY: proxyUrl },
      command: ({ args = [] }) => [...ours, ...args],
    },
    { name: 'python:', command: ({ command = [], args = [] }) => [...command, ...args] },
    { name: 'seldonio/sklearnserver:', command: iris },
    { name: 'seldonio/mock_classifier:', command: iris },
    {
      ...knative,
      name: 'ko://knative.dev/eventing/cmd/broker/ingress',
      command: () => [programs.pathOf('broker-ingress')],
    },
    {
      ...knative,
      name: 'ko://knative.dev/eventing/cmd/broker/filter',
      command: () => [programs.pathOf('broker-filter')],
    },
    {
      ...knative,
      name: 'ko://knative.dev/eventing/cmd/in_memory/channel_dispatcher',
      command: () => [programs.pathOf('channel-dispatcher')],
    },
    {
      ...knative,
      name: 'ko://knative.dev/eventing/cmd/requestreply',
      command: () => [programs.pathOf('request-reply')],
    },
  ];
}
