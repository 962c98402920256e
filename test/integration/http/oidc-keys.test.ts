/** How the issuer's keys are kept: an issuer on a real socket, and a clock that moves when told. */

import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AdapterError } from '../../../src/errors.ts';
import { createAdmission } from '../../../src/http/oidc/admit-caller.ts';
import { capturingLog, eventually } from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import {
  type IssuerOptions,
  startTokenIssuer,
  type TokenIssuer,
} from '../../support/token-issuer.ts';

const audience = 'us';
const hour = 3_600_000;

interface Files {
  readonly caFile?: string;
  readonly tokenFile?: string;
}

async function openAdmission(issuing: IssuerOptions = {}, files: Files = {}) {
  const started = await startTokenIssuer({ audience, ...issuing });
  /** The verifier's clock stands still while that of the tokens goes on. */
  const token: TokenIssuer['token'] = (claims, header) =>
    started.token({ nbf: undefined, ...claims }, header);
  const issuer = { ...started, token };
  const clock = createFakeClock();
  const { log, lines } = capturingLog();
  const start = Date.now();
  const { admit, close } = createAdmission(
    {
      ...{ issuer: issuer.issuer, audience, subjects: undefined },
      ...{ caFile: files.caFile, tokenFile: files.tokenFile },
    },
    { now: clock.now, schedule: clock.schedule, wallClock: () => start + clock.now(), log },
  );
  onTestFinished(async () => {
    close();
    await issuer.close();
  });
  /** What a caller with this token is told: `in`, or a code. */
  const told = async (token: string): Promise<string> => {
    const refusal: AdapterError | undefined = await admit(`Bearer ${token}`);
    return refusal?.code ?? 'in';
  };
  const looks = () => issuer.asked.filter(({ path }) => path.endsWith('/jwks')).length;
  return { issuer, clock, lines, admit, told, looks };
}

test('a key that is not known is looked for; callers are told 503 till it can be', async () => {
  const { issuer, clock, told, looks } = await openAdmission();
  expect(await told(issuer.token())).toBe('in');
  issuer.rotate({ keep: true });
  const token = issuer.token();
  expect(await told(token)).toBe('ISSUER_UNREACHABLE');
  expect(looks()).toBe(1);
  await clock.advance(10_000);
  expect(await told(token)).toBe('in');
  expect(looks()).toBe(2);
});

test('keys that nobody has make the issuer be asked once in ten seconds, whoever sends them', async () => {
  const { issuer, clock, told, looks } = await openAdmission();
  await told(issuer.token());
  await clock.advance(10_000);
  const strangers = Array.from({ length: 50 }, (_, i) =>
    issuer.token({}, { kid: `stranger-${i}` }),
  );
  const answers = await Promise.all(strangers.map(told));
  expect(new Set(answers)).toEqual(new Set(['TOKEN_REFUSED']));
  expect(looks()).toBe(2);
  expect(await told(issuer.token({}, { kid: 'one more' }))).toBe('ISSUER_UNREACHABLE');
  expect(await told(issuer.token())).toBe('in');
  expect(looks()).toBe(2);
});

test('a remembered token is let in at once, and not after its end', async () => {
  const { issuer, clock, admit, told } = await openAdmission();
  const token = issuer.token();
  expect(await told(token)).toBe('in');
  expect(admit(`Bearer ${token}`)).toBeUndefined();
  await clock.advance(hour + 11_000);
  expect(await told(token)).toBe('TOKEN_REFUSED');
});

test('a key that the issuer withdraws is noticed in five minutes, and its tokens with it', async () => {
  const { issuer, clock, told, looks } = await openAdmission();
  const token = issuer.token();
  expect(await told(token)).toBe('in');
  issuer.rotate();
  expect(await told(token)).toBe('in');
  await clock.advance(300_000);
  await eventually(() => looks() === 2);
  await eventually(async () => (await told(token)) === 'ISSUER_UNREACHABLE');
  await clock.advance(10_000);
  expect(await told(token)).toBe('TOKEN_REFUSED');
});

test('known keys are used for as long as the issuer is away', async () => {
  const { issuer, clock, told, lines } = await openAdmission();
  expect(await told(issuer.token())).toBe('in');
  issuer.answers.failure = { status: 503, body: '' };
  for (let i = 1; i < 10; i += 1) {
    await clock.advance(300_000);
    expect(await told(issuer.token({ jti: String(i) }))).toBe('in');
  }
  await eventually(() => lines.some(({ level }) => level === 'warn'));
  // The same trouble is told once.
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('an issuer that was away at the start is found when it comes, without a restart', async () => {
  const { issuer, clock, told } = await openAdmission();
  issuer.answers.failure = { status: 500, body: '' };
  const token = issuer.token();
  await eventually(
    async () => (await told(token)) === 'ISSUER_UNREACHABLE' || (await told(token)) === 'in',
  );
  issuer.answers.failure = undefined;
  await clock.advance(10_000);
  expect(await told(token)).toBe('in');
});

test('no more tokens are remembered than the bound', async () => {
  const { issuer, admit, told } = await openAdmission();
  const first = issuer.token({ jti: 'first' });
  await told(first);
  for (let i = 0; i < 1_000; i += 1) await told(issuer.token({ jti: String(i) }));
  expect(admit(`Bearer ${first}`)).toBeInstanceOf(Promise);
  expect(await told(first)).toBe('in');
});

test('an issuer with a certificate of its own, which asks who asks: as the Kubernetes API server', async () => {
  const authority = createAuthority('the cluster');
  const certificate = authority.issue({ name: 'the API server', hosts: ['127.0.0.1'] });
  const files = {
    caFile: join(tmpdir(), `seldon-eventing-oidc-ca-${process.pid}.crt`),
    tokenFile: join(tmpdir(), `seldon-eventing-oidc-token-${process.pid}`),
  };
  onTestFinished(async () => {
    for (const file of Object.values(files)) await rm(file, { force: true });
  });
  await writeFile(files.caFile, authority.certPem);
  await writeFile(files.tokenFile, 'the pod\n');
  const { issuer, told } = await openAdmission({ certificate }, files);
  expect(await told(issuer.token())).toBe('in');
  expect(issuer.asked.map(({ authorization }) => authorization)).toEqual([
    'Bearer the pod',
    'Bearer the pod',
  ]);
});

test('without its authority it is not trusted', async () => {
  const certificate = createAuthority('x').issue({ name: 'y', hosts: ['127.0.0.1'] });
  const { issuer, told, lines } = await openAdmission({ certificate });
  expect(await told(issuer.token())).toBe('ISSUER_UNREACHABLE');
  expect(JSON.stringify(lines)).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify/);
});
