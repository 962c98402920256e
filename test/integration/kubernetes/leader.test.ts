import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer();
const program = fileURLToPath(new URL('../../support/leader-process.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../../dist', import.meta.url));

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }
});

interface Contender {
  readonly child: ChildProcess;
  /** What it has said. */
  readonly said: () => readonly string[];
  readonly exited: Promise<number | null>;
}

function contend(
  namespace: string,
  identity: string,
  kubeconfig = kube.kubeconfigPath(),
): Contender {
  const args = [program, built, kubeconfig, namespace, 'controller', identity];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, exited, said: () => output.split('\n').filter((line) => line !== '') };
}

const eventually = (check: () => void | Promise<void>, timeout = 60_000): Promise<void> =>
  vi.waitFor(check, { timeout, interval: 20 });

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions: number };
}
const leaseOf = async (namespace: string): Promise<Lease['spec']> => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/controller`;
  return (await kube.admin.request<Lease>('GET', path)).body.spec;
};

/** Two contenders, of which the first leads. */
async function leaderAndStandby(namespace: string) {
  const leader = contend(namespace, 'first');
  await eventually(() => expect(leader.said()).toEqual(['leading']));
  const standby = contend(namespace, 'second');
  return { leader, standby };
}

describe.skipIf(kube.missing)('leader election on a real API server', () => {
  test('SIGKILL of the leader: the other leads once the lease has ended', async () => {
    const namespace = await kube.createNamespace();
    const { leader, standby } = await leaderAndStandby(namespace);
    expect((await leaseOf(namespace)).holderIdentity).toBe('first');
    leader.child.kill('SIGKILL');
    await eventually(() => expect(standby.said()).toEqual(['leading']));
    expect(await leaseOf(namespace)).toMatchObject({
      holderIdentity: 'second',
      leaseTransitions: 1,
    });
  });

  test('SIGTERM of the leader: it stops, gives the lease back, exits; the other leads', async () => {
    const namespace = await kube.createNamespace();
    const { leader, standby } = await leaderAndStandby(namespace);
    leader.child.kill('SIGTERM');
    expect(await leader.exited).toBe(0);
    expect(leader.said()).toEqual(['leading', 'stopped', 'closed']);
    await eventually(() => expect(standby.said()).toEqual(['leading']));
    standby.child.kill('SIGTERM');
    expect(await standby.exited).toBe(0);
    expect(await leaseOf(namespace)).not.toHaveProperty('holderIdentity');
  });

  test('a leader that was stopped (SIGSTOP) finds another in its place, and stops its work', async () => {
    const namespace = await kube.createNamespace();
    const { leader, standby } = await leaderAndStandby(namespace);
    leader.child.kill('SIGSTOP');
    await eventually(() => expect(standby.said()).toEqual(['leading']));
    leader.child.kill('SIGCONT');
    await eventually(() => expect(leader.said()).toEqual(['leading', 'stopped']));
    expect(standby.said()).toEqual(['leading']);
  });

  test.skipIf(!kube.restartable)(
    'the API server away for longer than the deadline: the leader stops, and one leads after its return',
    async () => {
      const namespace = await kube.createNamespace();
      const { leader, standby } = await leaderAndStandby(namespace);
      await kube.stopApiServer();
      await eventually(() => expect(leader.said()).toEqual(['leading', 'stopped']));
      expect(standby.said()).toEqual([]);
      await kube.startApiServer();
      await eventually(() =>
        expect([...leader.said(), ...standby.said()].slice(2)).toEqual(['leading']),
      );
    },
  );

  test('without the right to the Lease: it goes on asking, and leads once it has it', async () => {
    const namespace = await kube.createNamespace();
    const user = { namespace, serviceAccount: 'controller' };
    const contender = contend(namespace, 'first', await kube.kubeconfigFor(user));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect([contender.said(), contender.child.exitCode]).toEqual([[], null]);
    const rules = [
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: ['get', 'create', 'update'],
      },
    ];
    const metadata = { namespace, name: 'leader-election' };
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
    await kube.admin.apply({ ...rbac, kind: 'Role', rules });
    const subjects = [{ kind: 'ServiceAccount', name: 'controller', namespace }];
    const roleRef = {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'Role',
      name: 'leader-election',
    };
    await kube.admin.apply({ ...rbac, kind: 'RoleBinding', subjects, roleRef });
    await eventually(() => expect(contender.said()).toEqual(['leading']));
  });
});
