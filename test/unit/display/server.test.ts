import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDisplay, type Display } from '../../../src/display/server.ts';

let display: Display;
let printed: string[] = [];
beforeAll(async () => {
  const print = (line: string) => void printed.push(line);
  display = await createDisplay({ host: '127.0.0.1', port: 0, print, maxBodyBytes: 1000 });
});
afterAll(() => display.close());
beforeEach(() => {
  printed = [];
});

const binary = {
  'Ce-Id': '1',
  'Ce-Specversion': '1.0',
  'Ce-Type': 't',
  'Ce-Source': 's',
  'Content-Type': 'application/json',
};
const structured = { specversion: '1.0', id: '2', type: 't', source: 's', data: { a: 1 } };
const post = (headers: Record<string, string>, body: string, path = '/') =>
  fetch(display.url + path, { method: 'POST', headers, body });
const titles = () => printed.filter((line) => line.includes('cloudevents.Event'));

test('a binary event is answered with an empty 202 and printed, on any path', async () => {
  for (const path of ['/', '/some/where?x=1']) {
    const response = await post(binary, '{"x":1}', path);
    expect(response.status).toBe(202);
    expect(await response.text()).toBe('');
  }
  expect(titles()).toHaveLength(2);
  expect(printed).toContain('    "x": 1');
});

test('structured and batched events are printed', async () => {
  const one = await post(
    { 'Content-Type': 'application/cloudevents+json' },
    JSON.stringify(structured),
  );
  expect(one.status).toBe(202);
  const batchType = { 'Content-Type': 'application/cloudevents-batch+json' };
  const batch = await post(batchType, JSON.stringify([structured, { ...structured, id: '3' }]));
  expect(batch.status).toBe(202);
  expect(titles()).toHaveLength(3);
});

test('an event without a body and without a content type is printed', async () => {
  const { 'Content-Type': _, ...headers } = binary;
  const response = await fetch(display.url, { method: 'POST', headers });
  expect(response.status).toBe(202);
  expect(titles()).toHaveLength(1);
});

test('what is no event is refused as a problem, and not printed', async () => {
  const response = await post({ 'Content-Type': 'application/json' }, '{}');
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(await response.json()).toMatchObject({ code: 'EVENT_EXPECTED', status: 400 });
  expect(printed).toEqual([]);
});

test('a malformed event is refused with all its faults', async () => {
  const response = await post({ ...binary, 'Ce-Id': '', 'Ce-Specversion': '9' }, '{}');
  expect(response.status).toBe(400);
  const { problems } = (await response.json()) as { problems: { where: string }[] };
  expect(problems.map(({ where }) => where).sort()).toEqual(['id', 'specversion']);
});

test('of a batch with one bad event nothing is printed, and the refusal says which it is', async () => {
  const batchType = { 'Content-Type': 'application/cloudevents-batch+json' };
  const response = await post(batchType, JSON.stringify([structured, { ...structured, id: '' }]));
  expect(response.status).toBe(400);
  const { problems } = (await response.json()) as { problems: { where: string }[] };
  expect(problems).toHaveLength(1);
  expect(problems[0]?.where).toBe('[1].id');
  expect(printed).toEqual([]);
});

test('a body over the limit gets 413, and an undecodable path 400', async () => {
  expect((await post(binary, 'x'.repeat(2000))).status).toBe(413);
  expect((await post(binary, '{}', '/%zz')).status).toBe(400);
});

test('is alive and ready, and has nothing else to get', async () => {
  for (const path of ['/livez', '/readyz']) {
    expect((await fetch(display.url + path)).status).toBe(200);
  }
  expect((await fetch(`${display.url}/other`)).status).toBe(404);
});

test('closes while a body is still on its way, and twice', async () => {
  const own = await createDisplay({ host: '127.0.0.1', port: 0, print() {}, maxBodyBytes: 10 });
  const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
  await new Promise((resolve) => socket.once('connect', resolve));
  await Promise.all([own.close(), own.close()]);
  socket.destroy();
  await expect(fetch(own.url)).rejects.toThrow();
});
