import { expect, test } from 'vitest';
import { createWithAuthorities } from '../../../src/controller/authorities.ts';
import { announced } from '../../../src/controller/reconcile-parts.ts';
import type { Rendered } from '../../../src/controller/render/rendered.ts';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import { createAuthority } from '../../support/certificates.ts';

const { certPem, keyPem } = createAuthority('the authority');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const addresses = [
  { name: 'main', url: 'https://iris-main' },
  { name: 'plain', url: 'http://iris-plain' },
];
const rendered: Rendered = {
  ...{ problems: [], warnings: [], objects: [], references: [], scaledByOthers: [] },
  ...{ addresses, certificates: { main: 'iris-tls' } },
};

function setUp(data: object | undefined, failure?: Error) {
  const told: string[] = [];
  const withAuthorities = createWithAuthorities({
    client: {
      get: async ({ kind, name }) => {
        if (failure !== undefined) throw failure;
        return data && { apiVersion: 'v1', kind, metadata: { name }, data };
      },
    },
    unreadable: (kind) => void told.push(kind),
  });
  return { told, ask: async () => (await withAuthorities('n', rendered)).addresses };
}

test('an address tells the authority that stands beside its certificate', async () => {
  const { ask } = setUp({ 'ca.crt': base64(certPem), 'tls.key': base64(keyPem) });
  const [main, plain] = await ask();
  expect(main).toEqual({ ...addresses[0], CACerts: `${certPem.trim()}\n` });
  expect(plain).toEqual(addresses[1]);
});

test('a key that stands among the authorities is not told', async () => {
  const { ask } = setUp({ 'ca.crt': base64(`${keyPem}${certPem}`) });
  expect(JSON.stringify(await ask())).not.toContain('PRIVATE');
});

test.each([undefined, {}, { 'ca.crt': '' }, { 'ca.crt': base64('rubbish') }, { 'ca.crt': 7 }])(
  'none where there is none: %j',
  async (data) => {
    expect(await setUp(data).ask()).toEqual(addresses);
  },
);

test('Secrets that we may not read: told, and the address stands without', async () => {
  const refusal = new KubernetesApiError(403, 'Forbidden', 'no');
  const { ask, told } = setUp({}, refusal);
  expect(await ask()).toEqual(addresses);
  expect(told).toEqual(['Secret']);
});

test('Triggers are told anew when the authority or the audience is another', () => {
  const url = 'https://iris';
  const marks = [
    announced({ url }),
    announced({ url, CACerts: 'a' }),
    announced({ url, CACerts: 'b' }),
    announced({ url, audience: 'a' }),
  ];
  expect(marks[0]).toBe(url);
  expect(new Set(marks).size).toBe(4);
  expect(announced(undefined)).toBeUndefined();
});
