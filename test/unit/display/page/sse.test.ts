import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSse } from '../../../../src/display/page/sse.ts';

test('an event has its name, its id and its data, and ends with an empty line', () => {
  expect(encodeSse({ event: 'rows', id: 'a.1', data: '{"x":1}' })).toBe(
    'event: rows\nid: a.1\ndata: {"x":1}\n\n',
  );
});

/** As HTML §9.2.6 has a browser read it. */
function read(stream: string): string[] {
  const events: string[] = [];
  for (const block of stream.split('\n\n').slice(0, -1)) {
    const lines = block.split('\n').filter((line) => line.startsWith('data: '));
    events.push(lines.map((line) => line.slice(6)).join('\n'));
  }
  return events;
}

test('no data end the event or begin another: line ends of any kind stay within', () => {
  assert(
    property(string({ unit: 'binary' }), (data) => {
      const told = read(encodeSse({ event: 'e', data }));
      expect(told).toEqual([data.replaceAll(/\r\n|\r/g, '\n')]);
    }),
  );
  expect(read(encodeSse({ event: 'e', data: 'a\n\nevent: evil\ndata: b\r\r' }))).toHaveLength(1);
});
