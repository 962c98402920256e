/**
 * The controller: how long a thousand SeldonDeployments take from nothing, what a resync of them
 * writes, how soon an address is there, and how soon it acts again after the API server was away.
 * See README.md.
 */

import { sdep, startBenchCluster, watchStatus } from './controller-cluster.ts';
import { controllerFlags } from './image-flags.ts';
import { readOptions, words } from './options.ts';
import { machineInfo, publish, say, table, told } from './report.ts';
import { cpuMs, memoryOf, startServer } from './server-process.ts';

const options = readOptions({
  count: '1000',
  singles: '200',
  restarts: '3',
  'resync-seconds': '30',
  node: process.execPath,
  'node-flags': controllerFlags(),
  out: 'build/bench-controller.json',
});
const count = Number(options.count);

const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (condition: () => boolean | Promise<boolean>, everyMs = 20): Promise<void> => {
  while (!(await condition())) await sleep(everyMs);
};
const metric = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
};
const writes = 'seldon_eventing_controller_writes_total';
const reconciles = 'seldon_eventing_controller_reconciles_total';

const machine = machineInfo(options.node);
const { client, cluster, kubeconfig, close } = await startBenchCluster();
const apply = (name: string, image?: string) =>
  client.apply(sdep(name, image), { fieldManager: 'bench', force: true });

say(`creating ${count} SeldonDeployments`);
const names = Array.from({ length: count }, (_, i) => `model-${i}`);
const queue = [...names];
const createRest = async (): Promise<void> => {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await apply(name);
};
await Promise.all(Array.from({ length: 8 }, createRest));

say('starting the controller');
const sightings = await watchStatus(client);
const started = performance.now();
const controller = await startServer({
  node: options.node,
  nodeFlags: words(options['node-flags']),
  script: '../src/main.js',
  args: ['controller'],
  env: {
    KUBECONFIG: kubeconfig,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    POD_NAMESPACE: 'default',
    RESYNC_MS: `${Number(options['resync-seconds']) * 1_000}`,
  },
});
await until(() => sightings.applied.size >= count);
const fromNothingSeconds = (performance.now() - started) / 1_000;
const cpuSeconds = cpuMs(controller.pid) / 1_000;
const afterAll = memoryOf(controller.pid);
const writesMade = await metric(controller.url, writes);
say(`${count} in ${fromNothingSeconds.toFixed(1)} s`);

const memory = (): string => {
  const { rssMb, peakMb } = memoryOf(controller.pid);
  return `${rssMb.toFixed(0)} MB, at most ${peakMb.toFixed(0)} MB so far`;
};
say(`waiting for resyncs (${memory()})`);
const settled = async (): Promise<void> => {
  let before = -1;
  await until(async () => {
    const now = await metric(controller.url, reconciles);
    const same = now === before;
    before = now;
    return same;
  }, 2_000);
};
await settled();
const before = {
  writes: await metric(controller.url, writes),
  reconciles: await metric(controller.url, reconciles),
  cpu: cpuMs(controller.pid),
};
// Twice: a resync of children is behind the first one at most.
await until(
  async () => (await metric(controller.url, reconciles)) >= before.reconciles + 2 * count,
  1_000,
);
const resync = {
  reconciles: (await metric(controller.url, reconciles)) - before.reconciles,
  writes: (await metric(controller.url, writes)) - before.writes,
  cpuSeconds: (cpuMs(controller.pid) - before.cpu) / 1_000,
};

say(`creating one at a time (${memory()})`);
const latencies: number[] = [];
for (let i = 0; i < Number(options.singles); i += 1) {
  const name = `single-${i}`;
  const at = performance.now();
  await apply(name);
  await until(() => sightings.addressed.has(name), 1);
  latencies.push((sightings.addressed.get(name) ?? Number.NaN) - at);
}

say(`restarting the API server (${memory()})`);
const reactions: number[] = [];
for (let i = 0; i < Number(options.restarts); i += 1) {
  await cluster.stopApiServer();
  await sleep(5_000);
  await cluster.startApiServer();
  const back = performance.now();
  const image = `model:restart-${i}`;
  await until(
    () =>
      apply('model-0', image).then(
        () => true,
        () => false,
      ),
    50,
  );
  await until(async () => {
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default' };
    const deployment = await client.get({ ...ref, name: 'model-0-main-0-model' });
    return JSON.stringify(deployment ?? {}).includes(image);
  }, 20);
  reactions.push((performance.now() - back) / 1_000);
}
const final = memoryOf(controller.pid);

sightings.close();
await controller.stop();
await close();

const result = {
  fromNothingSeconds,
  cpuSeconds,
  writesMade,
  rssMb: afterAll.rssMb,
  peakMb: final.peakMb,
  finalRssMb: final.rssMb,
  resync,
  addressMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
  reactionSeconds: reactions,
};
publish(
  [
    '# Controller',
    told(machine),
    table(
      ['', 'measured', 'to reach'],
      [
        [`${count} SeldonDeployments from nothing, s`, fromNothingSeconds.toFixed(1), '60'],
        ['CPU of it, s', cpuSeconds.toFixed(1), '–'],
        ['writes of it', writesMade, '–'],
        ['RSS after it, MB', afterAll.rssMb.toFixed(0), '200'],
        ['peak RSS of the whole run, MB', final.peakMb.toFixed(0), '200'],
        [`writes of a resync (${resync.reconciles} reconciles)`, resync.writes, '0'],
        ['CPU of the resync, s', resync.cpuSeconds.toFixed(1), '–'],
        ['address after creation, p50 ms', result.addressMs.p50.toFixed(0), '1000'],
        ['address after creation, p99 ms', result.addressMs.p99.toFixed(0), '1000'],
        [
          'acted on a change after the API server is back, s',
          reactions.map((it) => it.toFixed(1)).join(', '),
          '5',
        ],
      ],
    ),
  ],
  options.out,
  { machine, options, result, latencies },
);
process.exit(0);
