/** RFC 7541 §5.2 and Appendix B. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackError } from '../../../../src/http2/hpack/error.ts';
import { decodeHuffman } from '../../../../src/http2/hpack/huffman.ts';
import { hex } from './hex.ts';
import { codes, encodeHuffman, octets } from './huffman-encoder.ts';

const decode = (bytes: Buffer) => decodeHuffman(bytes, 0, bytes.length);

/** Any octet, those with long codes as often as those with short ones. */
const texts = fc
  .uint8Array({ maxLength: 300, size: 'max' })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

/** What is wrong with a Huffman-coded string, bit by bit; undefined where nothing is. */
function faultOf(bytes: Buffer): 'EOS' | 'padding' | undefined {
  let rest = [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  for (;;) {
    const symbol = codes.findIndex((code) => rest.startsWith(code));
    if (symbol === 256) return 'EOS';
    if (symbol < 0) return /^1{0,7}$/.test(rest) ? undefined : 'padding';
    rest = rest.slice(codes[symbol]?.length);
  }
}

describe('Huffman-coded strings', () => {
  it.each([
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95ba97d7f', 'custom-key'],
    ['25a849e95bb8e8b4bf', 'custom-value'],
    ['6402', '302'],
    ['640eff', '307'],
    ['aec3771a4b', 'private'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['d07abe941054d444a8200595040b8166e084a62d1bff', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
    ['9bd9ab', 'gzip'],
    [
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
    ['', ''],
  ])('Appendix C: %s is %s', (code, text) => {
    expect(decode(hex(code))).toBe(text);
  });

  it('every octet has the code of Appendix B, after every other', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const text = Buffer.from([first, second]).toString('latin1');
        if (decode(encodeHuffman(text)) !== text) expect.fail(`${first}, ${second}`);
      }
    }
  });

  it('come back as they were, from anywhere in a buffer', () => {
    fc.assert(
      fc.property(texts, fc.nat(5), fc.nat(5), (text, before, after) => {
        const code = encodeHuffman(text);
        const around = Buffer.concat([Buffer.alloc(before, 0), code, Buffer.alloc(after, 0xaa)]);
        expect(decodeHuffman(around, before, before + code.length)).toBe(text);
      }),
    );
  });

  it.each([1, 4095, 4096, 4097, 100_000])('of %d characters come back', (length) => {
    // The shortest code, a longer one, and the longest: the room for them is never too small.
    for (const character of ['0', '~', '\n']) {
      const text = character.repeat(length);
      expect(decode(encodeHuffman(text))).toBe(text);
    }
  });

  it.each([
    ['EOS alone', octets(codes[256] ?? '')],
    ['EOS after a character', octets(`${codes[0x61]}${codes[256]}`)],
    ['EOS before a character', hex('fffffffffc')],
    ['EOS in a long run of ones', Buffer.alloc(40, 0xff)],
  ])('are refused with %s', (_, code) => {
    expect(() => decode(code)).toThrow(HpackError);
    expect(() => decode(code)).toThrow('EOS');
  });

  it.each([
    ['8 ones', hex('ff')],
    ['8 ones after a whole character', hex('1fff')],
    ['16 more ones', hex('1fffff')],
    ['24 more ones', hex('1fffffff')],
    ['a zero', octets(codes[0x61] ?? '', '0')],
    ['zeros that begin no ones', hex('00')],
    ['ones and a zero', hex('1e')],
    ['a code cut short', hex('fffffe')],
  ])('are refused with a padding of %s', (_, code) => {
    expect(() => decode(code)).toThrow(HpackError);
    expect(() => decode(code)).toThrow('padding');
  });

  it('are refused exactly where the code read bit by bit is wrong', () => {
    const likely = fc.array(fc.oneof(fc.constantFrom(0xff, 0xfe, 0x1f), fc.nat(255)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(likely, (bytes) => {
        const code = Buffer.from(bytes);
        const fault = faultOf(code);
        if (fault === undefined) {
          const text = decode(code);
          expect(encodeHuffman(text)).toEqual(code);
        } else {
          expect(() => decode(code)).toThrow(fault);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
