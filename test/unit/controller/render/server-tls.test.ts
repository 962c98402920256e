import { describe, expect, it } from 'vitest';
import {
  adapterOf,
  envOf,
  ofKind,
  podOf,
  predictorWith,
  rendered,
  renderResource,
  resourceWith,
} from './render-case.ts';

const withEnv = (env: object[], more: object = {}) =>
  rendered([predictorWith({ svcOrchSpec: { env }, ...more })]);
const given = (name: string, value: string) => ({ name, value });
const issuer = given('OIDC_ISSUER', 'https://kubernetes.default.svc');

describe('a predictor whose ssl names a Secret', () => {
  const result = rendered([predictorWith({ ssl: { certSecretName: 'iris-tls' } })]);

  it('is served by HTTPS: the Secret is mounted into the adapter alone, and probed so', () => {
    const adapter = adapterOf(result);
    expect(envOf(adapter)).toMatchObject({
      TLS_CERT_FILE: '/etc/seldon-eventing/tls/tls.crt',
      TLS_KEY_FILE: '/etc/seldon-eventing/tls/tls.key',
    });
    expect(adapter.volumeMounts).toContainEqual({
      ...{ name: 'seldon-tls', mountPath: '/etc/seldon-eventing/tls', readOnly: true },
    });
    const { volumes, containers } = podOf(result);
    expect(volumes).toContainEqual({ name: 'seldon-tls', secret: { secretName: 'iris-tls' } });
    const others = containers.filter(({ name }) => name !== adapter.name);
    expect(JSON.stringify(others)).not.toContain('seldon-tls');
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(adapter[probe]).toMatchObject({ httpGet: { scheme: 'HTTPS' } });
    }
  });

  it('has an https address, a Service that says so to a mesh, and needs both keys of the Secret', () => {
    expect(result.addresses[0]?.url).toMatch(/^https:\/\/iris-default\.default\.svc/);
    const [service] = ofKind(result, 'Service');
    expect(service?.['spec']).toMatchObject({
      ports: [{ name: 'http', appProtocol: 'https' }, { name: 'grpc' }],
    });
    expect(result.references).toContainEqual({
      kind: 'Secret',
      name: 'iris-tls',
      keys: ['tls.crt', 'tls.key'],
      field: 'spec.predictors[0].ssl.certSecretName',
    });
    expect(result.certificates).toEqual({ default: 'iris-tls' });
  });
});

describe('TLS_CERT_FILE in svcOrchSpec.env', () => {
  const tls = [given('TLS_CERT_FILE', '/certs/tls.crt'), given('TLS_KEY_FILE', '/certs/tls.key')];
  const engine = {
    name: 'seldon-container-engine',
    volumeMounts: [{ name: 'certs', mountPath: '/certs/' }],
  };
  const containers = [{ name: 'model', image: 'model:1' }, engine];
  const volumes = [{ name: 'certs', secret: { secretName: 'own' } }];
  const componentSpecs = [{ spec: { containers, volumes } }];

  it("is HTTPS as well, by the user's own mount", () => {
    const result = withEnv(tls, { componentSpecs });
    expect(result.addresses[0]?.url).toMatch(/^https:/);
    expect(result.certificates).toEqual({ default: 'own' });
    expect(adapterOf(result).readinessProbe).toMatchObject({ httpGet: { scheme: 'HTTPS' } });
  });

  it('from a volume that is no Secret: HTTPS, and whose authority nobody knows', () => {
    const other = [{ spec: { containers, volumes: [{ name: 'certs', csi: {} }] } }];
    const result = withEnv(tls, { componentSpecs: other });
    expect(result.addresses[0]?.url).toMatch(/^https:/);
    expect(result.certificates).toBeUndefined();
  });
});

describe('tokens', () => {
  const audienceOf = (env: object[]) => withEnv(env).addresses[0]?.audience;

  it('that are asked for are told of in the address: the audience that the adapter demands', () => {
    const own = 'machinelearning.seldon.io/seldondeployment/default/iris';
    expect(audienceOf([issuer])).toBe(own);
    expect(audienceOf([issuer, given('OIDC_AUDIENCE', 'us')])).toBe('us');
    expect(audienceOf([issuer, given('OIDC_AUDIENCE', ' ')])).toBe(own);
  });

  it('that are not asked for, or for whom cannot be told: no audience', () => {
    expect(audienceOf([])).toBeUndefined();
    expect(audienceOf([given('OIDC_ISSUER', '')])).toBeUndefined();
    const key = { secretKeyRef: { name: 's', key: 'k' } };
    expect(audienceOf([issuer, { name: 'OIDC_AUDIENCE', valueFrom: key }])).toBeUndefined();
  });
});

it('without either nothing is otherwise than it was', () => {
  const plain = JSON.stringify(rendered([predictorWith()]).objects);
  for (const word of ['TLS_', 'HTTPS', 'seldon-tls', 'appProtocol']) {
    expect(plain).not.toContain(word);
  }
  const unnamed = renderResource(resourceWith([predictorWith({ ssl: { certSecretName: '' } })]));
  expect(unnamed.problems[0]?.reason).toBe('TlsSecretUnnamed');
});
