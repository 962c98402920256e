/**
 * A process that contends for a Lease and says so, a line each: `leading`, `stopped`, `closed`.
 * Arguments: the folder of the built program, a kubeconfig, namespace, Lease, identity.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, kubeconfigPath, namespace, name, identity] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(join(folder, 'kubernetes', file)).href);
const { createKubernetesClient } = await load('client.js');
const { createLeaderElection } = await load('leader-election.js');

const log = { debug() {}, info() {}, warn() {}, error() {} };
const now = () => performance.now();
const schedule = (ms, action) => {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
};
const client = createKubernetesClient({ kubeconfigPath }, { schedule, now, log });
const election = createLeaderElection(
  { namespace, name, identity, leaseMs: 4_000, renewDeadlineMs: 2_500, retryMs: 500 },
  { client, clock: { now, wallClock: () => Date.now() }, schedule, random: Math.random, log },
);
const say = (word) => process.stdout.write(`${word}\n`);
process.on('SIGTERM', () => {
  void election
    .close()
    .then(() => client.close())
    .then(() => say('closed'));
});
await election.run(async (signal) => {
  say('leading');
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  say('stopped');
});
