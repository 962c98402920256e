/** `controller`: the control plane. */

import { controllerSettings, parseControllerConfig } from '../config/controller.ts';
import { createLogger } from '../observability/logger.ts';
import { type Command, untilStopped } from './command.ts';
import { readRendering } from './rendering.ts';
import { startController } from './start-controller.ts';

export const controller: Command = {
  name: 'controller',
  summary: 'makes SeldonDeployments addressable, and runs them',
  settings: controllerSettings,
  examples: [
    ['kubectl apply -k config/', 'installs it in a cluster; docs/install.md says what with'],
    [
      'seldon-eventing controller --kubeconfig ~/.kube/config --leader-election off',
      'runs it here, for the cluster of that file',
    ],
  ],
  start: async ({ args, environment }) => {
    const parsed = parseControllerConfig(args, environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const rendering = await readRendering(parsed.values);
    if (!rendering.ok) return { kind: 'wrong-settings', problems: rendering.problems };
    const log = createLogger(parsed.values.logLevel);
    const { openClient } = await import('./open-client.ts');
    const client = openClient(parsed.values.kubeconfig, log);
    if (!client.ok) return { kind: 'wrong-settings', problems: client.problems };
    const { stop } = await startController(parsed.values, rendering.values, client.values, log);
    return untilStopped(stop);
  },
};
