/** What the status says of an adapter that speaks HTTPS and asks for tokens, on a real API server. */

import { describe, expect, test } from 'vitest';
import { applyCrds } from '../../support/apply-crds.ts';
import { createAuthority } from '../../support/certificates.ts';
import { ourCrd } from '../../support/config-dir.ts';
import { placeFor } from '../../support/controller-case.ts';
import { sdep } from '../../support/controller-sdeps.ts';
import { useKubeServer } from '../../support/kube-server.ts';

const kube = await useKubeServer({ prepare: ({ admin }) => applyCrds(admin, [ourCrd()]) });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.skipIf(kube.missing)('the controller', () => {
  test('tells the address by https, with its authority and audience, as Knative reads them', async () => {
    const place = await placeFor(kube);
    await place.start();
    const authority = createAuthority('the authority');
    const { certPem, keyPem } = authority.issue({ name: 'iris' });
    const secure = sdep('iris');
    const [predictor] = (secure['spec'] as { predictors: object[] }).predictors;
    Object.assign(predictor as object, {
      ssl: { certSecretName: 'iris-tls' },
      svcOrchSpec: { env: [{ name: 'OIDC_ISSUER', value: 'https://kubernetes.default.svc' }] },
    });
    await place.apply(secure);
    await place.until(async () => {
      const applied = await place.condition('iris', 'ResourcesApplied');
      expect(applied).toMatchObject({ status: 'False', reason: 'SecretMissing' });
    });
    await place.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'iris-tls' },
      type: 'kubernetes.io/tls',
      data: {
        'tls.crt': base64(certPem),
        'tls.key': base64(keyPem),
        'ca.crt': base64(authority.certPem),
      },
    });
    const address = {
      url: `https://iris-main.${place.namespace}.svc.cluster.local:8000/api/v1.0/predictions`,
      CACerts: `${authority.certPem.trim()}\n`,
      audience: `machinelearning.seldon.io/seldondeployment/${place.namespace}/iris`,
    };
    await place.until(async () => {
      expect((await place.condition('iris', 'ResourcesApplied'))?.status).toBe('True');
      expect(await place.status('iris')).toMatchObject({
        address,
        addressable: address,
        addresses: [{ name: 'main', ...address }],
      });
    });
  });

  test('tells a changed authority soon, and writes nothing while it stays', async () => {
    const place = await placeFor(kube);
    // Looks at all are left out.
    await place.start({ CERTIFICATE_CHECK_MS: '500', RESYNC_MS: '3600000' });
    const [before, after] = [createAuthority('before'), createAuthority('after')];
    const { certPem, keyPem } = before.issue({ name: 'iris' });
    const secretWith = (authority: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'iris-tls' },
      data: {
        ...{ 'tls.crt': base64(certPem), 'tls.key': base64(keyPem) },
        'ca.crt': base64(authority),
      },
    });
    const secure = sdep('iris');
    const [predictor] = (secure['spec'] as { predictors: object[] }).predictors;
    Object.assign(predictor as object, { ssl: { certSecretName: 'iris-tls' } });
    await place.apply(secretWith(before.certPem));
    await place.apply(secure);
    const authorities = async () => {
      const { address } = await place.status('iris');
      return (address as { readonly CACerts?: string } | undefined)?.CACerts;
    };
    await place.until(async () => {
      expect(await authorities()).toBe(`${before.certPem.trim()}\n`);
      expect((await place.condition('iris', 'ResourcesApplied'))?.status).toBe('True');
    });
    const settled = await place.versions();

    await place.apply(secretWith(before.certPem + after.certPem));
    const both = `${before.certPem.trim()}\n${after.certPem.trim()}\n`;
    await place.until(async () => expect(await authorities()).toBe(both));
    await place.apply(secretWith(after.certPem));
    await place.until(async () => expect(await authorities()).toBe(`${after.certPem.trim()}\n`));
    // What the pods are made of has stayed: they read the files by themselves.
    const now = await place.versions();
    for (const key of Object.keys(settled).filter((one) => !one.startsWith('SeldonDeployment/'))) {
      expect([key, now[key]]).toEqual([key, settled[key]]);
    }
    // Several looks later.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await place.versions()).toEqual(now);
  });
});
