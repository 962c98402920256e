/** RFC 7541, Appendix C. */

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { createHpackDecoder } from '../../../../src/http2/hpack/decoder.ts';
import { hex } from './hex.ts';
import { entryBytes, probedTable } from './probed-table.ts';

const decoder = (maxTableBytes = 4096) =>
  createHpackDecoder({ maxTableBytes, maxListBytes: 16_384 });

describe('C.1: integers', () => {
  it.each([
    ['C.1.1', '2a', 10],
    ['C.1.2', '3f9a0a', 1337],
  ])('%s, as the size of the dynamic table', (_, block, size) => {
    expect(decoder(size).decode(hex(block))).toEqual([]);
    expect(() => decoder(size - 1).decode(hex(block))).toThrow(`to ${size} octets`);
  });

  it('C.1.3, as the length of a string', () => {
    const value = 'x'.repeat(42);
    expect(decoder().decode(Buffer.concat([hex('01 2a'), Buffer.from(value)]))).toEqual([
      ':authority',
      value,
    ]);
  });
});

describe('C.2: representations', () => {
  it.each([
    [
      'C.2.1: literal with indexing',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
      [['custom-key', 'custom-header']],
    ],
    [
      'C.2.2: literal without indexing',
      '040c 2f73 616d 706c 652f 7061 7468',
      [':path', '/sample/path'],
      [],
    ],
    [
      'C.2.3: literal never indexed',
      '1008 7061 7373 776f 7264 0673 6563 7265 74',
      ['password', 'secret'],
      [],
    ],
    ['C.2.4: indexed', '82', [':method', 'GET'], []],
  ])('%s', (_, block, fields, table) => {
    const tried = decoder();
    expect(tried.decode(hex(block))).toEqual(fields);
    expect(probedTable(tried)).toEqual(table);
  });
});

const authority = [':authority', 'www.example.com'];
const noCache = ['cache-control', 'no-cache'];
const custom = ['custom-key', 'custom-value'];
const get = [':method', 'GET'];
const requests = [
  {
    fields: [get, [':scheme', 'http'], [':path', '/'], authority],
    table: [authority],
    bytes: 57,
  },
  {
    fields: [get, [':scheme', 'http'], [':path', '/'], authority, noCache],
    table: [noCache, authority],
    bytes: 110,
  },
  {
    fields: [get, [':scheme', 'https'], [':path', '/index.html'], authority, custom],
    table: [custom, noCache, authority],
    bytes: 164,
  },
];

const first = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const later = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const location = ['location', 'https://www.example.com'];
const isPrivate = ['cache-control', 'private'];
const gzip = ['content-encoding', 'gzip'];
const cookie = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];
const responses = [
  {
    fields: [[':status', '302'], isPrivate, first, location],
    table: [location, first, isPrivate, [':status', '302']],
    bytes: 222,
  },
  {
    fields: [[':status', '307'], isPrivate, first, location],
    table: [[':status', '307'], location, first, isPrivate],
    bytes: 222,
  },
  {
    fields: [[':status', '200'], isPrivate, later, location, gzip, cookie],
    table: [cookie, gzip, later],
    bytes: 215,
  },
];

describe.each([
  {
    name: 'C.3: requests without Huffman coding',
    tableBytes: 4096,
    lists: requests,
    blocks: [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
  },
  {
    name: 'C.4: requests with Huffman coding',
    tableBytes: 4096,
    lists: requests,
    blocks: [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  },
  {
    name: 'C.5: responses without Huffman coding',
    tableBytes: 256,
    lists: responses,
    blocks: [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
       2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
       6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
       54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
       5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
       3d31`,
    ],
  },
  {
    name: 'C.6: responses with Huffman coding',
    tableBytes: 256,
    lists: responses,
    blocks: [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
       77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
       9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
  },
])('$name', ({ tableBytes, lists, blocks }) => {
  it('gives each list, and leaves the dynamic table that the RFC prints', () => {
    const tried = decoder(tableBytes);
    for (const [at, { fields, table, bytes }] of lists.entries()) {
      expect(tried.decode(hex(blocks[at] ?? ''))).toEqual(fields.flat());
      expect(probedTable(tried)).toEqual(table);
      expect(entryBytes(table)).toBe(bytes);
    }
  });
});
