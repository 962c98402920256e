/** What those who look on are told, over real sockets. */

import { afterEach, expect, test } from 'vitest';
import type { Display } from '../../../src/display/server.ts';
import {
  openViewer,
  post,
  postBatch,
  startDisplay,
  type Viewer,
} from '../../support/display-case.ts';

const opened: { close: () => Promise<void> }[] = [];
const opening = async <Part extends { close: () => Promise<void> }>(part: Promise<Part>) => {
  opened.push(await part);
  return part;
};
const start = (...given: Parameters<typeof startDisplay>): Promise<Display> =>
  opening(startDisplay(...given));
const look = (...given: Parameters<typeof openViewer>): Promise<Viewer> =>
  opening(openViewer(...given));
afterEach(async () => {
  for (const part of opened.splice(0).reverse()) await part.close();
});

const ids = (viewer: Viewer) => viewer.rows().map(({ id }) => id);

test('every viewer is told of what was held before, and of what comes, in order', async () => {
  const { url } = await start();
  await post(url, { id: 'before' });
  const viewers = [await look(url), await look(url)];
  for (const id of ['1', '2', '3']) await post(url, { id });
  for (const viewer of viewers) {
    await viewer.until(() => ids(viewer).includes('3'));
    expect(ids(viewer)).toEqual(['before', '1', '2', '3']);
    expect(viewer.news().map(({ missed }) => missed)).not.toContain(1);
    expect(viewer.headers['content-type']).toContain('text/event-stream');
  }
});

test('a reply is told with its latency and the source of its request', async () => {
  const { url } = await start();
  const viewer = await look(url);
  await post(url, { id: 'request', source: 'curl' });
  await post(url, { id: 'reply', attributes: { causationid: 'request' } });
  await viewer.until(() => ids(viewer).includes('reply'));
  const [request, reply] = viewer.rows();
  expect(request?.latencyMs).toBeUndefined();
  expect(reply).toMatchObject({ causeSource: 'curl', isCauseAmbiguous: false });
  expect(reply?.latencyMs).toBeGreaterThanOrEqual(0);
});

test('who connects again is told what came meanwhile, and what it had missed', async () => {
  const { url } = await start({ maxEvents: 10 });
  const first = await look(url);
  await post(url, { id: '1' });
  await first.until(() => ids(first).includes('1'));
  const lastId = first.lastId();
  await first.close();
  await post(url, { id: '2' });
  const second = await look(url, { 'last-event-id': lastId });
  await second.until(() => second.rows().length > 0);
  expect(ids(second)).toEqual(['2']);
  await postBatch(url, 3, 100);
  const third = await look(url, { 'last-event-id': lastId });
  await third.until(() => third.rows().length > 0);
  expect(third.news()).toMatchObject([{ total: 102, missed: 91 }]);
  expect(ids(third)).toHaveLength(10);
});

test('who looks on from the start is told what came faster than it could be held', async () => {
  const { url } = await start({ maxEvents: 5 });
  const viewer = await look(url);
  await postBatch(url, 1, 12);
  await viewer.until(() => viewer.rows().length > 0);
  expect(viewer.news().at(-1)).toMatchObject({ total: 12, missed: 7 });
  // One that comes now has missed nothing.
  const late = await look(url);
  await late.until(() => late.rows().length > 0);
  expect(late.news()).toMatchObject([{ total: 12, missed: 0 }]);
});

test.each(['other.1', 'x', '.', 'a.b.c', '9'.repeat(400), '-1'])(
  'who says that it last heard %s is told everything',
  async (lastId) => {
    const { url } = await start();
    await post(url, { id: '1' });
    const viewer = await look(url, { 'last-event-id': lastId });
    await viewer.until(() => viewer.rows().length > 0);
    expect(ids(viewer)).toEqual(['1']);
  },
);

test('who does not read delays nobody, costs a bounded amount, and is told how many it missed', async () => {
  const { url } = await start();
  const slow = await look(url);
  const quick = await look(url);
  slow.pause();
  const count = 60_000;
  for (let from = 1; from <= count; from += 1_000) await postBatch(url, from, 1_000);
  const last = `${count}`;
  await quick.until(() => ids(quick).includes(last));
  slow.resume();
  // It goes on from where it is: with the newest, which only what is held can bring.
  await slow.until(() => ids(slow).includes(last));
  for (const viewer of [slow, quick]) {
    const missed = viewer.news().reduce((sum, news) => sum + news.missed, 0);
    expect(missed + viewer.rows().length).toBe(count);
    const numbers = viewer.rows().map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  }
  expect(slow.rows().length).toBeLessThan(count);
});

test('only so many look on at once; a place that is left is free for another', async () => {
  const { url } = await start();
  const viewers = await Promise.all(Array.from({ length: 32 }, () => look(url)));
  expect((await look(url)).status).toBe(429);
  await viewers[0]?.close();
  let status = 0;
  while (status !== 200) {
    const viewer = await openViewer(url);
    status = viewer.status;
    await viewer.close();
  }
  // The rest of it works on.
  expect((await post(url, { id: '1' })).status).toBe(202);
});

test('closing ends the streams', async () => {
  const display = await startDisplay();
  const viewer = await openViewer(display.url);
  await display.close();
  await viewer.close();
  await expect(fetch(display.url)).rejects.toThrow();
});
