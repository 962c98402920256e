import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import {
  isList,
  isWatch,
  refuse,
  statusObject,
  useFakeApiServer,
} from '../../support/fake-api-server.ts';
import { eventually, expectAlive, sleep, startReflector } from './reflector-rig.ts';

const server = useFakeApiServer();

describe('list and watch', () => {
  it('holds what is there, then follows every change', async () => {
    server.put('a');
    server.put('b');
    const rig = startReflector(server);
    await rig.reflector.synced();
    expect(rig.names()).toEqual(['a', 'b']);
    expect(rig.changes).toEqual(['added a', 'added b']);
    server.put('a', { spec: { changed: true } });
    server.remove('b');
    server.put('c');
    await eventually(() =>
      expect(rig.changes.slice(2)).toEqual(['modified a', 'deleted b', 'added c']),
    );
    expect(rig.reflector.get('team-a/a')).toMatchObject({
      apiVersion: 'machinelearning.seldon.io/v1',
      kind: 'SeldonDeployment',
      spec: { changed: true },
    });
    expect(rig.reflector.get('team-a/b')).toBeUndefined();
  });

  it('keeps no managedFields, or only what it was told to keep', async () => {
    server.put('a', { spec: { large: 'x' } });
    const whole = startReflector(server);
    const part = startReflector(server, {
      deps: { project: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }) },
    });
    await Promise.all([whole.reflector.synced(), part.reflector.synced()]);
    expect(whole.reflector.get('team-a/a')?.metadata).not.toHaveProperty('managedFields');
    expect(whole.reflector.get('team-a/a')).toHaveProperty('spec');
    expect(part.reflector.get('team-a/a')).not.toHaveProperty('spec');
  });

  it('asks for bookmarks, and for an end between 5 and 10 minutes', async () => {
    const rig = startReflector(server);
    await eventually(() => expect(server.watches()).toHaveLength(1));
    const query = server.watches()[0]?.query;
    expect(query?.get('allowWatchBookmarks')).toBe('true');
    expect(Number(query?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(query?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
    await expectAlive(server, rig);
  });

  it('goes on from the last bookmark', async () => {
    const rig = startReflector(server);
    server.onWatch = (watch) => {
      if (watch.nth > 1) return;
      watch.event('BOOKMARK', { kind: 'SeldonDeployment', metadata: { resourceVersion: '5000' } });
      watch.end();
    };
    await eventually(() => expect(server.watches().length).toBeGreaterThan(1));
    expect(server.watches()[1]?.query.get('resourceVersion')).toBe('5000');
    expect(rig.counts.get('listed')).toBe(1);
  });

  it('follows one namespace and one selection where told to', async () => {
    startReflector(server, { namespace: 'team-a', labelSelector: 'app=x' });
    await eventually(() => expect(server.watches()).toHaveLength(1));
    for (const request of server.requests) {
      expect(request.path).toBe(
        '/apis/machinelearning.seldon.io/v1/namespaces/team-a/seldondeployments',
      );
      expect(request.query.get('labelSelector')).toBe('app=x');
    }
  });
});

describe('paging', () => {
  it('takes every page of one moment, and watches from there', async () => {
    for (let i = 0; i < 7; i += 1) server.put(`s${i}`);
    const version = server.version();
    let asked = 0;
    server.answer = (request) => {
      // Between two pages the world moves on; the watch has to tell of it.
      if (isList(request)) {
        asked += 1;
        if (asked === 2) server.put('late');
      }
      return false;
    };
    const rig = startReflector(server, { pageSize: 3 });
    await rig.reflector.synced();
    expect(rig.names()).toHaveLength(7);
    expect(server.lists()).toHaveLength(3);
    await eventually(() => expect(rig.names()).toContain('late'));
    expect(server.watches()[0]?.query.get('resourceVersion')).toBe(version);
    expect(rig.changes.filter((change) => change.startsWith('deleted'))).toEqual([]);
  });

  it('starts over where the continuation has expired, and takes no half list for the world', async () => {
    for (let i = 0; i < 7; i += 1) server.put(`s${i}`);
    let expired = false;
    server.answer = (request) => {
      if (request.query.has('continue') && !expired) {
        expired = true;
        server.compact();
      }
      return false;
    };
    const rig = startReflector(server, { pageSize: 3 });
    await rig.reflector.synced();
    expect(expired).toBe(true);
    expect(rig.names()).toHaveLength(7);
    expect(rig.changes.filter((change) => change.startsWith('deleted'))).toEqual([]);
    await expectAlive(server, rig);
  });

  it('asks for smaller pages where an answer becomes too large', async () => {
    for (let i = 0; i < 8; i += 1) server.put(`s${i}`, { spec: { text: 'x'.repeat(10_000) } });
    const rig = startReflector(server, { pageSize: 8, maxAnswerBytes: 30_000 });
    await rig.reflector.synced();
    expect(rig.names()).toHaveLength(8);
  });

  it('does not turn for ever where the same page comes again and again', async () => {
    server.put('a');
    server.answer = (request, response) => {
      if (!isList(request)) return false;
      response.end(
        JSON.stringify({ metadata: { resourceVersion: '1', continue: 'same' }, items: [] }),
      );
      return true;
    };
    const rig = startReflector(server);
    await eventually(() => expect(rig.counts.get('list_failed')).toBe(2));
    expect(server.lists().length).toBeLessThanOrEqual(6);
    expect(rig.reflector.hasSynced()).toBe(false);
  });
});

describe('what an API server and a network do', () => {
  it('a watch answered with 500: tried again, nothing missed', async () => {
    server.put('a');
    let refused = 0;
    server.answer = (request, response) => {
      if (!isWatch(request) || refused >= 5) return false;
      refused += 1;
      if (refused === 5) server.put('meanwhile', {}, true);
      return refuse(response, 500, 'InternalError');
    };
    const rig = startReflector(server);
    await eventually(() => expect(rig.names()).toContain('meanwhile'));
    expect(refused).toBe(5);
    await expectAlive(server, rig);
  });

  it('a list that fails, at the beginning and later: tried again, the copy stays', async () => {
    server.put('a');
    let refused = 0;
    server.answer = (request, response) => {
      if (!isList(request) || refused >= 3) return false;
      refused += 1;
      return refuse(response, refused === 1 ? 500 : 403, 'Whatever');
    };
    const rig = startReflector(server);
    await rig.reflector.synced();
    expect(refused).toBe(3);
    refused = 0;
    server.compact();
    for (const watch of server.openWatches()) watch.cut();
    await eventually(() => expect(refused).toBe(3));
    expect(rig.names()).toEqual(['a']);
    expect(rig.changes).toEqual(['added a']);
    await expectAlive(server, rig);
  });

  it('a handler that throws, or rejects: logged, and every other change still told', async () => {
    const told: string[] = [];
    const rig = startReflector(server, {
      deps: {
        onChange: (key, kind) => {
          told.push(`${kind} ${key}`);
          if (told.length === 1) throw new Error('a bug in a handler');
          if (told.length === 2)
            return Promise.reject(new Error('another')) as unknown as undefined;
          return undefined;
        },
      },
    });
    await rig.reflector.synced();
    for (const name of ['a', 'b', 'c']) server.put(name);
    await eventually(() =>
      expect(told).toEqual(['added team-a/a', 'added team-a/b', 'added team-a/c']),
    );
    await eventually(() => expect(rig.counts.get('handler_failed')).toBe(2));
    expect(rig.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
    expect(rig.names()).toEqual(['a', 'b', 'c']);
    expect(server.watches()).toHaveLength(1);
  });

  it('an idle watch that is ended after 20 ms, each time: no hot loop, nothing missed', async () => {
    server.onWatch = (watch) => void setTimeout(watch.end, 20);
    const rig = startReflector(server);
    await rig.reflector.synced();
    await sleep(1_000);
    // Twenty seconds of its clock: 20 would be one each second, a hot loop is some 50 by now.
    expect(server.watches().length).toBeLessThanOrEqual(22);
    expect(server.lists()).toHaveLength(1);
    await expectAlive(server, rig);
    expect(server.mostWatches()).toBe(1);
  });

  it('closed while it waits to try again: no watch is opened any more, nothing is left open', async () => {
    server.answer = (request, response) =>
      isWatch(request) && refuse(response, 500, 'InternalError');
    const rig = startReflector(server);
    await eventually(() => expect(rig.counts.get('watch_failed')).toBeGreaterThanOrEqual(2));
    await rig.reflector.close();
    server.answer = () => false;
    const before = server.requests.length;
    await sleep(300);
    expect(server.requests).toHaveLength(before);
    expect(server.openWatches()).toEqual([]);
    await rig.client.close();
    await eventually(() => expect(server.connections()).toBe(0));
  });

  it('closed within a watch, or a list that hangs: at once', async () => {
    const watching = startReflector(server);
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    await watching.reflector.close();
    await eventually(() => expect(server.openWatches()).toHaveLength(0));
    server.answer = isList;
    const listing = startReflector(server);
    const synced = listing.reflector.synced();
    await eventually(() => expect(server.lists()).toHaveLength(2));
    await Promise.all([
      listing.reflector.close(),
      expect(synced).rejects.toMatchObject({ reason: 'Aborted' }),
    ]);
    await expect(listing.reflector.synced()).rejects.toMatchObject({ reason: 'Aborted' });
  });

  it('garbage lines: skipped, counted, and everything listed again', async () => {
    server.put('a');
    server.onWatch = (watch) => {
      if (watch.nth > 1) return;
      watch.bytes('{"type":"ADDED","obj\n');
      // What came as garbage: nobody will tell of it again but a list.
      server.put('lost', {}, true);
    };
    const rig = startReflector(server);
    await eventually(() => expect(rig.names()).toEqual(['a', 'lost']));
    expect(rig.counts.get('unreadable_line')).toBe(1);
    expect(rig.counts.get('listed')).toBe(2);
    expect(rig.changes).toEqual(['added a', 'added lost']);
    await expectAlive(server, rig);
  });

  it.each([
    ['null'],
    ['[]'],
    ['"text"'],
    ['{}'],
    ['{"type":"ADDED"}'],
    ['{"type":"ADDED","object":{"metadata":null}}'],
    ['{"type":"SOMETHING","object":{"metadata":{"name":"x","resourceVersion":"1"}}}'],
    ['{"type":"BOOKMARK","object":{}}'],
  ])('a line that is JSON and no event (%s) is garbage too', async (line) => {
    server.put('a');
    server.onWatch = (watch) => watch.nth === 1 && watch.bytes(`${line}\n`);
    const rig = startReflector(server);
    await eventually(() => expect(rig.counts.get('listed')).toBe(2));
    expect(rig.counts.get('unreadable_line')).toBe(1);
    expect(rig.names()).toEqual(['a']);
  });

  it('nothing but garbage, for ever: asked less and less often', async () => {
    server.onWatch = (watch) => watch.bytes('<html>Bad gateway</html>\n');
    const rig = startReflector(server);
    await sleep(1_000);
    expect(server.requests.length).toBeLessThanOrEqual(24);
    server.onWatch = () => {};
    await expectAlive(server, rig);
  });

  it('410 as a status: listed again without dropping what is held', async () => {
    server.put('a');
    server.put('b');
    const rig = startReflector(server);
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    server.remove('b', true);
    server.put('c', {}, true);
    server.compact();
    for (const watch of server.openWatches()) watch.cut();
    await eventually(() => expect(rig.names()).toEqual(['a', 'c']));
    expect(rig.changes).toEqual(['added a', 'added b', 'added c', 'deleted b']);
    expect(rig.counts.get('expired')).toBe(1);
    await expectAlive(server, rig);
  });

  it('410 as an event: the same, and nobody is warned of what servers do in the ordinary', async () => {
    server.put('a');
    server.onWatch = (watch) => {
      if (watch.nth > 1) return;
      server.remove('a', true);
      watch.event('ERROR', statusObject(410, 'Expired'));
    };
    const rig = startReflector(server);
    await eventually(() => expect(rig.changes).toEqual(['added a', 'deleted a']));
    expect(rig.counts.get('expired')).toBe(1);
    expect(rig.lines.filter(({ level }) => level === 'warn')).toEqual([]);
    await expectAlive(server, rig);
  });

  it('410 to every watch: lists are not repeated in a hot loop', async () => {
    server.answer = (request, response) => isWatch(request) && refuse(response, 410, 'Expired');
    const rig = startReflector(server);
    await sleep(1_000);
    expect(server.lists().length).toBeLessThanOrEqual(12);
    server.answer = () => false;
    await expectAlive(server, rig);
  });

  it('a version ahead of a server that was restored from a backup: listed again', async () => {
    const ahead = (version: string | null): boolean => Number(version) > 100_000;
    let restored = false;
    server.answer = (request, response) => {
      if (restored && isWatch(request) && ahead(request.query.get('resourceVersion'))) {
        return refuse(response, 504, 'Timeout', { message: 'Too large resource version' });
      }
      return false;
    };
    server.onWatch = (watch) => {
      if (watch.nth > 1) return;
      watch.event('BOOKMARK', { metadata: { resourceVersion: '900000' } });
      restored = true;
      setTimeout(watch.cut, 20);
    };
    const rig = startReflector(server);
    await eventually(() => expect(rig.counts.get('listed')).toBe(2));
    await expectAlive(server, rig);
  });

  it('a list that hangs: given up in time and asked again', async () => {
    server.put('a');
    let hung = false;
    server.answer = (request) => {
      if (hung || !isList(request)) return false;
      hung = true;
      return true;
    };
    const rig = startReflector(server);
    await rig.reflector.synced();
    expect(rig.names()).toEqual(['a']);
  });

  it('a connection that is open and silent: noticed, and what was missed is caught up with', async () => {
    server.put('a');
    const rig = startReflector(server, { idleMs: 5_000 });
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    server.put('missed', {}, true);
    await eventually(() => expect(rig.names()).toContain('missed'));
    expect(server.mostWatches()).toBe(1);
    // A kind to which nothing happens is no reason to warn.
    expect(rig.counts.get('watch_silent')).toBeGreaterThanOrEqual(1);
    expect(rig.counts.get('watch_failed')).toBeUndefined();
    expect(rig.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('bookmarks alone keep an idle watch open', async () => {
    startReflector(server, { idleMs: 4_000 });
    server.onWatch = (watch) => {
      const beat = setInterval(() => {
        watch.event('BOOKMARK', { metadata: { resourceVersion: server.version() } });
        if (!server.openWatches().includes(watch)) clearInterval(beat);
      }, 20);
    };
    await sleep(1_000);
    expect(server.watches()).toHaveLength(1);
  });

  it('a connection cut within a line: the half is not taken, the whole comes later', async () => {
    server.put('a');
    const object = { ...server.put('b'), spec: { text: 'whole' } };
    server.remove('b');
    server.onWatch = (watch) => {
      if (watch.nth > 1) return;
      const line = JSON.stringify({ type: 'ADDED', object });
      watch.bytes(line.slice(0, line.length / 2));
      setTimeout(() => {
        server.put('b', { spec: { text: 'whole' } }, true);
        watch.cut();
      }, 20);
    };
    const rig = startReflector(server);
    await eventually(() =>
      expect(rig.reflector.get('team-a/b')).toHaveProperty('spec.text', 'whole'),
    );
    expect(rig.changes).toEqual(['added a', 'added b']);
    await expectAlive(server, rig);
  });

  it('characters of several bytes, split anywhere: read whole', async () => {
    const text = 'größer – 数据 – 🙂';
    const rig = startReflector(server);
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    const [watch] = server.openWatches();
    const object = { ...server.put('a', { spec: { text } }, true) };
    const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    for (const byte of line) {
      watch?.bytes(Uint8Array.of(byte));
      if (byte > 0x7f) await sleep(1);
    }
    await eventually(() => expect(rig.reflector.get('team-a/a')).toHaveProperty('spec.text', text));
  });

  it('several events in one piece, and empty lines between them: each taken', async () => {
    const rig = startReflector(server);
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    const lines = ['a', 'b', 'c'].map((name) =>
      JSON.stringify({ type: 'ADDED', object: server.put(name, {}, true) }),
    );
    server.openWatches()[0]?.bytes(`${lines.join('\n\n')}\n`);
    await eventually(() => expect(rig.changes).toEqual(['added a', 'added b', 'added c']));
    expect(rig.counts.get('unreadable_line')).toBeUndefined();
  });

  it('a huge line: taken; one beyond the limit: not kept, and everything listed again', async () => {
    const rig = startReflector(server, { maxWatchLineBytes: 4_000_000 });
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    server.put('large', { spec: { text: 'x'.repeat(3_000_000) } });
    await eventually(() => expect(rig.names()).toEqual(['large']));
    expect(rig.counts.get('unreadable_line')).toBeUndefined();
    server.put('larger', { spec: { text: 'x'.repeat(5_000_000) } });
    await eventually(() => expect(rig.names()).toEqual(['large', 'larger']));
    expect(rig.counts.get('unreadable_line')).toBe(1);
    expect(rig.counts.get('listed')).toBe(2);
    await expectAlive(server, rig);
  });

  it('an API server that goes away and comes back: changes made meanwhile are found', async () => {
    server.put('a');
    server.put('b');
    const rig = startReflector(server);
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    await server.stop();
    await sleep(400);
    server.put('c', {}, true);
    server.remove('a', true);
    await server.start();
    await eventually(() => expect(rig.names()).toEqual(['b', 'c']));
    expect(rig.counts.get('listed')).toBe(1);
    await expectAlive(server, rig);
  });
});

describe('the forced resync', () => {
  it('lists everything anew, tells of the unchanged too, and finds what watches never told', async () => {
    server.put('a');
    server.put('b');
    const rig = startReflector(server, { resyncMs: 6_000 });
    await eventually(() => expect(server.openWatches()).toHaveLength(1));
    server.remove('b', true);
    server.put('c', {}, true);
    await eventually(() => expect(rig.names()).toEqual(['a', 'c']));
    expect(rig.changes).toEqual(['added a', 'added b', 'resync a', 'added c', 'deleted b']);
    expect(server.mostWatches()).toBe(1);
    await expectAlive(server, rig);
    await eventually(() => expect(rig.changes.filter((c) => c === 'resync a').length).toBe(3));
  });

  it('comes also while the server ends every watch at once', async () => {
    server.put('a');
    server.onWatch = (watch) => watch.end();
    const rig = startReflector(server, { resyncMs: 6_000 });
    await eventually(() => expect(rig.seen('resync', 'a')).toBe(true));
  });
});

it('tells when the server was last heard', async () => {
  server.answer = (request, response) => isList(request) && refuse(response, 500, 'InternalError');
  const rig = startReflector(server);
  await eventually(() => expect(rig.counts.get('list_failed')).toBeGreaterThan(0));
  expect(rig.reflector.lastProgress).toBeUndefined();
  server.answer = () => false;
  await rig.reflector.synced();
  const listed = rig.reflector.lastProgress ?? 0;
  expect(listed).toBeGreaterThan(0);
  server.put('a');
  await eventually(() => expect(rig.reflector.lastProgress ?? 0).toBeGreaterThan(listed));
});
