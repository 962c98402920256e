import { expect, test } from 'vitest';
import { withCertificateLooks } from '../../../src/controller/certificate-looks.ts';
import type { KubeObject } from '../../../src/kubernetes/kube-object.ts';

const live = (status: object | undefined, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'SeldonDeployment',
  metadata: { name: 'iris', ...metadata },
  ...(status !== undefined && { status }),
});
const https = { address: { url: 'https://iris' } };

const ask = (found: KubeObject | undefined, again?: { requeueAfterMs: number }) =>
  withCertificateLooks(
    async () => again,
    { certificateCheckMs: 60_000 },
    { seldonDeployment: () => found, random: () => 0.5 },
  )('n/iris');

test.each([
  ['https', https],
  ['https of the second one', { addresses: [{ url: 'http://a' }, { url: 'https://b' }] }],
])('an address over %s is looked at again, at a time of its own', async (_, status) => {
  expect(await ask(live(status))).toEqual({ requeueAfterMs: 45_000 });
});

test.each([
  ['http', live({ address: { url: 'http://iris' } })],
  ['no address', live({})],
  ['no status', live(undefined)],
  ['a status of another shape', live({ address: 'x', addresses: 7 })],
  ['nothing', undefined],
  ['what is being deleted', live(https, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
])('%s is not', async (_, found) => {
  expect(await ask(found)).toBeUndefined();
});

test('what is waited for otherwise comes first', async () => {
  expect(await ask(live(https), { requeueAfterMs: 1 })).toEqual({ requeueAfterMs: 1 });
});
