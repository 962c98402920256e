/** JSON format 1.0.2 and 0.3: structured and batched bodies, and the payload's exact bytes. */

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { decodeBase64 } from '../../../src/event/base64.ts';
import type { HttpMessage } from '../../../src/event/http-message.ts';
import { encodeHttp } from '../../../src/event/http-message.ts';
import { body, bytes, event, eventOf, faults, reasons, structured, text } from './messages.ts';

const batch = (elements: string): HttpMessage =>
  structured(elements, 'application/cloudevents-batch+json');
const data = (more: string, version?: string): string | undefined =>
  text(eventOf(structured(body(more, version))).data);
const written = (parts: Parameters<typeof event>[0]): string | undefined =>
  text(encodeHttp(event(parts), 'structured').body);

describe('the body', () => {
  it.each([
    ['empty', ''],
    ['no JSON', 'hello'],
    ['cut off', '{"id":'],
    ['more than one value', `${body()}${body()}`],
    ['an array', `[${body()}]`],
    ['a number', '123'],
    ['null', 'null'],
    ['a string', '"{}"'],
    ['a trailing comma', '{"id":"1",}'],
    ['UTF-16', Buffer.from(body(), 'utf16le')],
    ['not UTF-8', Buffer.from(body().replace('/s', '\xff'), 'latin1')],
    ['two byte order marks', `\ufeff\ufeff${body()}`],
  ])('is refused as a whole when it is %s', (_, sent) => {
    expect(faults(structured(sent))).toEqual(['']);
  });

  it('is never quoted in the refusal', () => {
    expect(reasons(structured('{"secret":tok3n}'))).not.toContain('tok3n');
  });

  it.each([
    ['white space around it', ` \n\t${body()}\r\n`],
    ['a byte order mark', `\ufeff${body()}`],
    ['white space within', '{ "specversion" : "1.0" , "id":"1","source":"/s",\n"type":"t" }'],
    ['escaped names', body().replace('"id"', '"\\u0069d"')],
  ])('may have %s', (_, sent) => {
    expect(eventOf(structured(sent))).toEqual(event());
  });

  it('refuses an object that is no event, naming all that is missing', () => {
    expect(faults(structured('{}'))).toEqual(['specversion', 'id', 'source', 'type']);
  });

  it('copes with 100,000 levels of nesting', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(data(`"data":${deep}`)).toBe(deep);
    expect(faults(structured('['.repeat(100_000)))).toEqual(['']);
    expect(faults(structured(body(`"ext":${deep}`)))).toEqual(['ext']);
  });
});

describe('attributes', () => {
  it('are strings, booleans and integers', () => {
    const more = '"s":"x","b":true,"c":false,"i":5,"min":-2147483648,"max":2147483647,"z":-0';
    expect([...eventOf(structured(body(more))).attributes]).toEqual([
      ['s', 'x'],
      ['b', true],
      ['c', false],
      ['i', 5],
      ['min', -2147483648],
      ['max', 2147483647],
      ['z', 0],
    ]);
  });

  it.each(['1.5', '1.0', '1e3', '2147483648', '-2147483649', '1e400', '{}', '[]', '{"a":1}'])(
    'are never %s',
    (value) => {
      expect(faults(structured(body(`"ext":${value}`)))).toEqual(['ext']);
    },
  );

  it.each(['subject', 'time', 'dataschema', 'datacontenttype', 'ext', 'data_base64'])(
    '%s is absent where it is null',
    (name) => {
      expect(eventOf(structured(body(`"${name}":null`)))).toEqual(event());
    },
  );

  it.each(['specversion', 'id', 'source', 'type'])('%s is a non-empty string', (name) => {
    const sent = (value: unknown) =>
      structured(JSON.stringify({ ...JSON.parse(body()), [name]: value }));
    for (const value of [null, '', 25, true, { xyz: 'abc' }, ['1.0'], undefined]) {
      expect(faults(sent(value))).toEqual([name]);
    }
  });

  it.each(['subject', 'dataschema', 'datacontenttype'])('%s is a non-empty string', (name) => {
    for (const value of ['""', '5', 'true', '{}']) {
      expect(faults(structured(body(`"${name}":${value}`)))).toEqual([name]);
    }
  });

  it.each([
    'MyExtension',
    'my.extension',
    'my_ext',
    '',
    '__proto__',
    'toString',
    'é',
    'data_base32',
  ])('are never called %j', (name) => {
    expect(faults(structured(body(`${JSON.stringify(name)}:"x"`)))).toEqual([name]);
  });

  it('may be called as methods are', () => {
    const decoded = eventOf(structured(body('"constructor":"a","validate":"b","valueof":1')));
    expect([...decoded.attributes.keys()]).toEqual(['constructor', 'validate', 'valueof']);
    expect(decoded.id).toBe('1');
  });

  it.each([
    ['a control character', '\\u0000'],
    ['a newline', '\\n'],
    ['DEL', '\\u007f'],
    ['a C1 control', '\\u0085'],
    ['a lone high surrogate', '\\ud800'],
    ['a lone low surrogate', 'a\\udc00b'],
    ['a noncharacter', '\\ufffe'],
    ['a noncharacter of the Arabic block', '\\ufdd0'],
    ['a noncharacter beyond the BMP', '\\ud83f\\udfff'],
  ])('never contain %s', (_, escaped) => {
    expect(faults(structured(body(`"ext":"${escaped}"`)))).toEqual(['ext']);
    expect(faults(structured(body().replace('"1"', `"${escaped}"`)))).toEqual(['id']);
  });

  it('may contain any other Unicode', () => {
    const value = 'é€😀\u00a0\ufffd';
    const decoded = eventOf(structured(body(`"ext":${JSON.stringify(value)}`)));
    expect(decoded.attributes.get('ext')).toBe(value);
  });

  it.each([
    ['id', '"id":"2"'],
    ['ext', '"ext":1,"ext":1'],
    ['data', '"data":1,"data":2'],
    ['id', '"\\u0069d":"2"'],
    ['ext', '"ext":null,"ext":null'],
  ])('are refused when %s is given twice', (name, more) => {
    expect(faults(structured(body(more)))).toEqual([name]);
    expect(reasons(structured(body(more)))).toContain('twice');
  });
});

describe('data of a JSON type are the bytes as sent', () => {
  it.each([
    '{"a":1}',
    '{ "a" : 1.0,\n "b":[1, 2] }',
    '12345678901234567890.000',
    '1e400',
    '-0',
    '0',
    'false',
    'null',
    '""',
    '[]',
    '"a \\"quoted\\" \\u00e9 } ] , string\\\\"',
    '"{\\"not\\":\\"parsed\\"}"',
    '{"data":{"data":"}"},"id":"x"}',
    '"\\ud800"',
    '{"a":1,"a":2}',
    '"é€😀"',
  ])('%s', (value) => {
    const type = '"datacontenttype":"application/json"';
    expect(data(`"data":${value}`)).toBe(value);
    expect(data(`"data" \n:\t${value}  `)).toBe(value);
    expect(data(`${type},"data":${value},"zz":"after"`)).toBe(value);
    expect(data(`"data":${value},${type}`, '0.3')).toBe(value);
  });

  it.each(['text/json', 'application/vnd.x+json', 'Application/JSON;charset=utf-8', 'a/b+JSON'])(
    'under %s',
    (type) => {
      expect(data(`"datacontenttype":"${type}","data":"x"`)).toBe('"x"');
    },
  );

  it('are said to be JSON where the sender left that out', () => {
    expect(eventOf(structured(body('"data":"x"'))).datacontenttype).toBe('application/json');
    expect(eventOf(structured(body())).datacontenttype).toBeUndefined();
    const base64 = eventOf(structured(body('"data_base64":"eA=="')));
    expect(base64.datacontenttype).toBeUndefined();
  });

  it('are a view on the body, not a copy', () => {
    const sent = bytes(body('"data":{"a":1}'));
    expect(eventOf(structured(sent)).data?.buffer).toBe(sent.buffer);
  });
});

describe('data of another type', () => {
  const typed = (type: string, value: string, version?: string) =>
    structured(body(`"datacontenttype":"${type}","data":${value}`, version));

  it.each([
    ['text/plain', '"é\\n\\u0000"', 'é\n\u0000'],
    ['application/xml', '"<much wow=\\"xml\\"/>"', '<much wow="xml"/>'],
    ['application/octet-stream', '"aGk="', 'aGk='],
    ['text/plain', '""', ''],
    ['application/jsonl', '"1\\n2"', '1\n2'],
    ['text/plain', '{"a": 1.0}', '{"a": 1.0}'],
    ['text/plain', 'null', 'null'],
    ['text/plain; charset=us-ascii', '"a"', 'a'],
    ['text/plain; charset=iso-8859-1', '"a"', 'a'],
  ])('%s: %s', (type, value, expected) => {
    expect(text(eventOf(typed(type, value)).data)).toBe(expected);
    expect(text(eventOf(typed(type, value, '0.3')).data)).toBe(expected);
  });

  it('is refused where its bytes cannot be told', () => {
    expect(faults(typed('text/plain', '"\\ud800"'))).toEqual(['data']);
    expect(faults(typed('text/plain; charset=iso-8859-1', '"é"'))).toEqual(['data']);
    expect(faults(typed('text/plain; charset=utf-16', '"a"'))).toEqual(['data']);
  });
});

describe('base64', () => {
  it('gives the bytes in 1.0, whatever the type', () => {
    expect(data('"data_base64":"eyJhIjoxfQ=="')).toBe('{"a":1}');
    expect(data('"datacontenttype":"image/png","data_base64":"aGk="')).toBe('hi');
    expect(data('"data_base64":""')).toBe('');
    expect(data('"data_base64":"\\/\\u002f8="')).toBe(Buffer.from('//8=', 'base64').toString());
  });

  it('excludes data', () => {
    expect(faults(structured(body('"data":"x","data_base64":"aGk="')))).toEqual(['data']);
    expect(faults(structured(body('"data":null,"data_base64":"aGk="')))).toEqual(['data']);
  });

  it.each(['5', '{}', '"a"', '"aGk"', '"aGk=\\n"', '"a-_="', '"\\u0141Gk="'])(
    'is refused when it is %s',
    (value) => {
      expect(faults(structured(body(`"data_base64":${value}`)))).toEqual(['data']);
    },
  );

  it('is data with datacontentencoding in 0.3', () => {
    const encoded = (more: string) => structured(body(`"datacontentencoding":${more}`, '0.3'));
    const decoded = eventOf(encoded('"base64","data":"aGk="'));
    expect(text(decoded.data)).toBe('hi');
    expect(decoded.attributes.size).toBe(0);
    expect(decoded.datacontenttype).toBeUndefined();
    expect(text(eventOf(encoded('"base64","data":{"a":1}')).data)).toBe('{"a":1}');
    expect(faults(encoded('"base64","data":"aGk"'))).toEqual(['data']);
    expect(faults(encoded('"gzip","data":"aGk="'))).toEqual(['datacontentencoding']);
    expect(faults(encoded('true,"data":"aGk="'))).toEqual(['datacontentencoding']);
  });

  it('is refused as data_base64 in 0.3, which has no such member', () => {
    const message = structured(body('"data_base64":"aGk="', '0.3'));
    expect(faults(message)).toEqual(['data_base64']);
    expect(reasons(message)).toContain('datacontentencoding');
  });

  it('leaves datacontentencoding to extensions in 1.0', () => {
    expect(data('"datacontentencoding":"base64","data":"aGk="')).toBe('"aGk="');
  });

  it.each(['', 'AA==', 'AAA=', 'AAAA', '+/+/', 'AAAAAA=='])('%j is strict base64', (sent) => {
    expect(Buffer.from(decodeBase64(sent) ?? 'x').toString('base64')).toBe(sent);
  });

  it.each([
    ...['A', 'AA', 'AAA', 'A===', '====', '=AAA', 'AA=A', 'AAA=AAAA', 'AB==', 'AAB=', '-_-_'],
    ...['AA= =', 'AAA\n', '    ', 'AA AA AA', 'ŁŁŁŁ', '\u0141AAA', 'AA==AA=='],
  ])('%j is not', (sent) => {
    expect(decodeBase64(sent)).toBeUndefined();
  });
});

describe('batches', () => {
  it('may be empty', () => {
    expect(batch(' [ ] ')).toEqual({ kind: 'batch', events: [] });
  });

  it.each(['', '{}', 'null', '5', '[', body()])('are refused when the body is %j', (sent) => {
    expect(faults(batch(sent))).toEqual(['']);
  });

  it('decode every event by itself, with its exact data', () => {
    const elements = [
      body('"data":{"a" : 1.0}'),
      '"no object"',
      'null',
      '[]',
      '{"id":5}',
      body('"data_base64":"aGk="'),
      body('"datacontenttype":"text/plain","data":"],{"', '0.3'),
    ];
    const message = batch(`[ ${elements.join(' ,\n')} ]`);
    if (message.kind !== 'batch') throw new Error(JSON.stringify(message));
    expect(message.events.map(({ kind }) => kind)).toEqual([
      'event',
      'refused',
      'refused',
      'refused',
      'refused',
      'event',
      'event',
    ]);
    const good = message.events.filter((decoded) => decoded.kind === 'event');
    expect(good.map((decoded) => text(decoded.event.data))).toEqual(['{"a" : 1.0}', 'hi', '],{']);
    expect(good.map(({ mode }) => mode)).toEqual(['structured', 'structured', 'structured']);
  });
});

describe('encoding', () => {
  it.each([
    ['application/json', '{"a" : 1.0, "b":12345678901234567890}'],
    ['application/vnd.x+json; a=b', '"text"'],
    ['text/json', 'null'],
  ])('embeds %s verbatim', (datacontenttype, sent) => {
    const expected = `{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"${datacontenttype}","data":${sent}}`;
    expect(written({ datacontenttype, data: bytes(sent) })).toBe(expected);
  });

  it('drops only the white space around embedded JSON', () => {
    const datacontenttype = 'application/json';
    expect(written({ datacontenttype, data: bytes(' { } \n') })).toMatch(/"data":\{ \}\}$/);
  });

  it.each([
    ['text/plain', 'a "b"\n', '"data":"a \\"b\\"\\n"'],
    ['application/xml', '<a/>', '"data":"<a/>"'],
    ['image/svg+xml; charset=utf-8', '<é/>', '"data":"<é/>"'],
    ['text/plain; charset=iso-8859-1', 'a', '"data_base64":"YQ=="'],
    ['application/octet-stream', 'a', '"data_base64":"YQ=="'],
    ['application/json', '{"a":', '"data_base64":"eyJhIjo="'],
    ['application/json', '', '"data_base64":""'],
    ['application/json', '1 2', '"data_base64":"MSAy"'],
    ['application/json', '\ufeff1', '"data_base64":"77u/MQ=="'],
    [undefined, '{"a":1}', '"data_base64":"eyJhIjoxfQ=="'],
  ])('writes %s data %j as %s', (datacontenttype, sent, expected) => {
    expect(written({ datacontenttype, data: bytes(sent) })).toContain(`,${expected}}`);
  });

  it('writes text that is not UTF-8 as base64', () => {
    const sent = new Uint8Array([0xff]);
    expect(written({ datacontenttype: 'text/plain', data: sent })).toContain(
      '"data_base64":"/w=="',
    );
  });

  it('writes base64 as 0.3 has it, and no other content encoding', () => {
    const attributes = { datacontentencoding: 'gzip' };
    const sent = { specversion: '0.3', attributes, data: new Uint8Array([0xff]) } as const;
    expect(written(sent)).toContain('"type":"t","datacontentencoding":"base64","data":"/w=="}');
    expect(written({ specversion: '0.3', attributes })).toBe(body('', '0.3'));
  });

  it('keeps the types of attributes and escapes their text', () => {
    const attributes = { n: -5, b: false, s: '"\\é' };
    expect(written({ attributes })).toBe(body('"n":-5,"b":false,"s":"\\"\\\\é"'));
  });
});
