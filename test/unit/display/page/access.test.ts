import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { whyNotOurs, whyNotSent, whyNotShown } from '../../../../src/display/page/access.ts';

const asked = (headers: IncomingHttpHeaders, remoteAddress = '127.0.0.1') => ({
  headers,
  remoteAddress,
});

describe('without names the page is', () => {
  test.each([
    ['localhost:8081', '127.0.0.1'],
    ['LOCALHOST', '127.0.0.1'],
    ['127.0.0.1:80', '::ffff:127.0.0.1'],
    ['127.1.2.3', '127.1.2.3'],
    ['[::1]:8081', '::1'],
  ])('shown where %s is asked for from %s', (host, address) => {
    expect(whyNotShown(asked({ host }, address), [])).toBeUndefined();
  });

  test.each([
    ['localhost', '10.0.0.7'],
    ['localhost', '::ffff:10.0.0.7'],
    ['127.0.0.1', '192.168.1.2'],
    ['event-display.default.svc', '10.0.0.7'],
    ['localhost', 'fe80::1'],
  ])('not shown where %s is asked for from %s', (host, address) => {
    expect(whyNotShown(asked({ host }, address), [])).toContain('DISPLAY_HOSTS');
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'localhost@evil.example',
    '[::2]',
    'localhost, evil.example',
    '',
    '127.0.0.1:80:80',
  ])('not shown under the name %s, which may have been made to point here', (host) => {
    expect(whyNotShown(asked({ host }), [])).toContain('DISPLAY_HOSTS');
  });

  test('not shown to a request without a name, nor on a connection without an address', () => {
    expect(whyNotShown(asked({}), [])).toBeDefined();
    const nowhere = { headers: { host: 'localhost' }, remoteAddress: undefined };
    expect(whyNotShown(nowhere, [])).toBeDefined();
  });

  test.each([
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-proto',
    'via',
    'x-real-ip',
    'x-envoy-peer',
  ])('not shown through a proxy beside it, which says %s', (name) => {
    expect(whyNotShown(asked({ host: 'localhost', [name]: 'x' }), [])).toBeDefined();
  });
});

test('under a name that the settings give it is shown to everybody, and under no other', () => {
  const hosts = ['events.example.com', '[fd00::1]'];
  for (const host of ['events.example.com', 'Events.Example.com:443', '[fd00::1]:80']) {
    expect(whyNotShown(asked({ host, 'x-forwarded-for': 'x' }, '10.0.0.7'), hosts)).toBeUndefined();
  }
  for (const host of ['example.com', 'xevents.example.com', 'localhost']) {
    expect(whyNotShown(asked({ host }, '10.0.0.7'), hosts)).toBeDefined();
  }
});

test("what another site's page asks for is refused", () => {
  for (const site of ['cross-site', 'same-site']) {
    expect(whyNotOurs(asked({ 'sec-fetch-site': site }))).toBeDefined();
  }
  for (const site of ['same-origin', 'none', undefined]) {
    expect(whyNotOurs(asked({ 'sec-fetch-site': site }))).toBeUndefined();
  }
});

describe('sending', () => {
  const good = {
    host: 'localhost:8081',
    origin: 'http://localhost:8081',
    'content-type': 'application/json',
  };

  test('is for the page itself, also behind an ingress that ends TLS', () => {
    expect(whyNotSent(asked(good))).toBeUndefined();
    const https = { ...good, host: 'Events.example.com', origin: 'https://events.example.com' };
    expect(whyNotSent(asked(https))).toBeUndefined();
  });

  test.each<[string, IncomingHttpHeaders]>([
    ['without an origin', { origin: undefined }],
    ['of a hidden origin', { origin: 'null' }],
    ['of another site', { origin: 'http://evil.example' }],
    ['of another port here', { origin: 'http://localhost:3000' }],
    ['of a name that begins alike', { origin: 'http://localhost:8081.evil.example' }],
    ['as a form sends', { 'content-type': 'text/plain' }],
    ['as a form sends, with JSON within', { 'content-type': 'text/plain; application/json' }],
    ['without a type', { 'content-type': undefined }],
    ['from elsewhere, as the browser says', { 'sec-fetch-site': 'cross-site' }],
  ])('is refused %s', (_, headers) => {
    expect(whyNotSent(asked({ ...good, ...headers }))).toBeDefined();
  });
});
