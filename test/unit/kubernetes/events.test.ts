import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import { createEventRecorder } from '../../../src/kubernetes/events.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';
import { createFakeClock, settle } from '../../support/fake-clock.ts';
import { createQuietLog } from './quiet-log.ts';

const sdep = (name = 'iris', namespace: string | undefined = 'team-a'): KubeObject => ({
  apiVersion: 'machinelearning.seldon.io/v1',
  kind: 'SeldonDeployment',
  metadata: {
    name,
    uid: `uid-${name}`,
    resourceVersion: '7',
    ...(namespace !== undefined && { namespace }),
  },
  spec: { large: 'x'.repeat(10_000) },
});

type Fault = (call: number) => Promise<void> | void;

function setUp(fault: Fault = () => {}) {
  const clock = createFakeClock();
  const { log, lines } = createQuietLog();
  const created: KubeObject[] = [];
  const patched: { readonly name: string; readonly patch: object }[] = [];
  let calls = 0;
  const recorder = createEventRecorder(
    { component: 'seldon-eventing.io/controller', instance: 'pod-1' },
    {
      client: {
        create: async (object) => {
          calls += 1;
          await fault(calls);
          created.push(object);
          return object;
        },
        patchMerge: async (ref, patch) => {
          calls += 1;
          await fault(calls);
          patched.push({ name: ref.name, patch });
          return { ...ref, metadata: { name: ref.name } };
        },
      },
      schedule: clock.schedule,
      now: clock.now,
      wallClock: () => 1_700_000_000_000 + clock.now(),
      log,
    },
  );
  const warn = (object = sdep(), message = 'the topic is missing'): void =>
    recorder.record(object, 'Warning', 'KafkaSettingMissing', message, 'Reconcile');
  return { clock, recorder, created, patched, lines, warn, calls: () => calls };
}

describe('the event recorder', () => {
  it('writes an Event as kubectl shows it', async () => {
    const { created, warn } = setUp();
    warn();
    await settle();
    expect(created).toEqual([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: expect.stringMatching(/^iris\.[0-9a-f]{1,16}$/), namespace: 'team-a' },
        eventTime: '2023-11-14T22:13:20.000000Z',
        reportingController: 'seldon-eventing.io/controller',
        reportingInstance: 'pod-1',
        action: 'Reconcile',
        reason: 'KafkaSettingMissing',
        type: 'Warning',
        note: 'the topic is missing',
        regarding: {
          apiVersion: 'machinelearning.seldon.io/v1',
          kind: 'SeldonDeployment',
          name: 'iris',
          namespace: 'team-a',
          uid: 'uid-iris',
          resourceVersion: '7',
        },
      },
    ]);
  });

  it('counts the same again on one Event, and writes the count once a minute (E2)', async () => {
    const { clock, created, patched, warn } = setUp();
    warn();
    await settle();
    for (let i = 0; i < 120; i += 1) {
      await clock.advance(1_000);
      warn();
    }
    await clock.advance(60_000);
    expect(created).toHaveLength(1);
    expect(patched.length).toBeLessThanOrEqual(4);
    expect(patched.at(-1)).toMatchObject({
      name: created[0]?.metadata.name,
      patch: { series: { count: 121 } },
    });
  });

  it('what happens again before it was written is counted in it', async () => {
    const { created, warn } = setUp();
    warn();
    warn();
    await settle();
    expect(created).toMatchObject([{ series: { count: 2 } }]);
  });

  it('another object, reason, or message is another Event, with another name', async () => {
    const { created, warn } = setUp();
    warn();
    warn(sdep('wine'));
    warn(sdep('iris', 'team-b'));
    warn(sdep(), 'the topic is misspelt');
    await settle();
    expect(
      new Set(created.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).size,
    ).toBe(4);
  });

  it('the same ten minutes later is a new Event', async () => {
    const { clock, created, warn } = setUp();
    warn();
    await clock.advance(10 * 60_000);
    warn();
    await settle();
    expect(created).toHaveLength(2);
  });

  it('an Event that the server has forgotten is made again with its count', async () => {
    const { clock, created, warn } = setUp((call) => {
      if (call === 2) throw new KubernetesApiError(404, 'NotFound', 'gone');
    });
    warn();
    await settle();
    warn();
    await clock.advance(60_000);
    expect(created).toMatchObject([{}, { series: { count: 2 } }]);
  });

  it('of what belongs to no namespace the Event is kept in default', async () => {
    const { created, recorder } = setUp();
    recorder.record(
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
      'Normal',
      'R',
      'm',
      'A',
    );
    await settle();
    expect(created[0]?.metadata.namespace).toBe('default');
  });

  it('cuts what the server would refuse as too long, by bytes and between characters', async () => {
    const { created, recorder } = setUp();
    recorder.record(sdep('n'.repeat(253)), 'Normal', 'R'.repeat(300), '🙂'.repeat(1_000), 'A');
    await settle();
    const [event] = created;
    expect(event?.metadata.name.length).toBeLessThanOrEqual(253);
    expect(Buffer.byteLength(String(event?.['reason']))).toBeLessThanOrEqual(128);
    const note = String(event?.['note']);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    expect(note).toMatch(/^(🙂)+…$/u);
  });

  it('is slow on purpose: a burst of 100, then 20 a second (E3)', async () => {
    const { clock, created, warn } = setUp();
    for (let i = 0; i < 300; i += 1) warn(sdep(`s${i}`));
    await settle();
    expect(created.length).toBeLessThanOrEqual(101);
    await clock.advance(1_000);
    expect(created.length).toBeLessThanOrEqual(122);
    await clock.advance(20_000);
    expect(created).toHaveLength(300);
  });

  it('keeps a bounded number waiting, drops the rest, and says so without a line for each (E1)', async () => {
    const { clock, created, recorder, warn, lines } = setUp();
    for (let i = 0; i < 5_000; i += 1) warn(sdep(`s${i}`));
    await clock.advance(10 * 60_000);
    expect(created.length).toBeLessThanOrEqual(1_001);
    expect(recorder.dropped()).toBeGreaterThanOrEqual(3_999);
    expect(lines.length).toBeLessThan(60);
  });

  it('tries again while the server is away, a few times', async () => {
    const { clock, created, warn, calls } = setUp((call) => {
      if (call < 3) throw new KubernetesApiError(0, 'Unreachable', 'away');
    });
    warn();
    await clock.advance(60_000);
    expect([created.length, calls()]).toEqual([1, 3]);
    const never = setUp(() => {
      throw new KubernetesApiError(503, 'ServiceUnavailable', 'away');
    });
    never.warn();
    await never.clock.advance(300_000);
    expect([never.calls(), never.recorder.dropped()]).toEqual([5, 1]);
  });

  it('without the right to write Events it goes on without them, and is not asked again for the same', async () => {
    const { clock, recorder, warn, calls } = setUp(() => {
      throw new KubernetesApiError(403, 'Forbidden', 'may not');
    });
    for (let i = 0; i < 50; i += 1) {
      warn();
      await clock.advance(1_000);
    }
    expect([calls(), recorder.dropped()]).toEqual([1, 1]);
  });

  it('closing writes what waits, but not for ever', async () => {
    const { created, recorder, warn } = setUp();
    for (let i = 0; i < 300; i += 1) warn(sdep(`s${i}`));
    await recorder.close();
    await recorder.close();
    expect(created).toHaveLength(300);
    warn(sdep('late'));
    await settle();
    expect(created).toHaveLength(300);

    const clock = createFakeClock();
    const hanging = setUp(() => clock.sleep(10_000));
    hanging.warn();
    hanging.warn(sdep('b'));
    await settle();
    let closed = false;
    void hanging.recorder.close().then(() => {
      closed = true;
    });
    await hanging.clock.advance(2_000);
    await clock.advance(10_000);
    expect([closed, hanging.created.length, hanging.clock.pending()]).toEqual([true, 1, 0]);
  });
});
