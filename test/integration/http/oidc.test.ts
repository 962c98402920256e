/** Tokens on the HTTP edge: what each caller is told, and where a token never goes. */

import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  ceHeaders,
  get,
  irisPayloads,
  openAdapter,
  rawRequest,
  send,
  useAdapter,
} from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await startTokenIssuer();
});
afterAll(() => issuer.close());

const predictor = useRecordingPredictor();
const adapter = useAdapter(() => ({
  PREDICTOR_URL: predictor.url,
  OIDC_ISSUER: issuer.issuer,
  OIDC_SUBJECTS: 'system:serviceaccount:tests:*,alice',
}));
const secrets: string[] = [];
afterEach(() => {
  const told = JSON.stringify([adapter.log, predictor.calls.map(({ rawHeaders }) => rawHeaders)]);
  for (const secret of secrets.splice(0)) expect(told).not.toContain(secret);
});

const post = (
  path: string,
  token: string | undefined,
  headers: Record<string, string> = ceHeaders(),
) => {
  if (token !== undefined) secrets.push(token.split('.').at(-1) || token);
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const url = adapter.url + path;
  return send(url, { headers: { ...headers, ...authorization }, body: irisPayloads.seldon });
};
const asJson = { 'content-type': 'application/json' };

describe('a valid token', () => {
  test.each([
    ['an event', '/', ceHeaders()],
    ['an event on the prediction path', '/api/v1.0/predictions', ceHeaders()],
    ['a plain prediction', '/api/v1.0/predictions', asJson],
    ['feedback', '/api/v1.0/feedback', asJson],
  ])('lets %s in, and goes no further than us', async (_what, path, headers) => {
    const answer = await post(path, issuer.token(), headers as Record<string, string>);
    expect(answer.status).toBe(200);
    expect(predictor.calls).toHaveLength(1);
    expect(predictor.calls[0]?.headers.authorization).toBeUndefined();
    expect(answer.text).not.toContain('Bearer');
  });

  test('lets metadata be asked for', async () => {
    const headers = { Authorization: `bearer ${issuer.token()}` };
    const url = `${adapter.url}/api/v1.0/metadata`;
    expect((await send(url, { method: 'GET' })).status).toBe(401);
    expect((await send(url, { method: 'GET', headers })).status).toBe(200);
    expect(predictor.calls.map((call) => call.headers.authorization)).toEqual([undefined]);
  });

  test('is asked of the issuer once: the next request costs no look at its keys', async () => {
    const token = issuer.token();
    await post('/', token);
    const asked = issuer.asked.length;
    // Plain predictions: an event that comes again would share one.
    const path = '/api/v1.0/predictions';
    await Promise.all(Array.from({ length: 20 }, () => post(path, token, asJson)));
    expect(issuer.asked).toHaveLength(asked);
    expect(predictor.calls).toHaveLength(21);
  });
});

test('callers that are turned away are counted, whatever they ask for', async () => {
  const counts = async (): Promise<Record<string, number>> => {
    const { text } = await get(`${adapter.url}/metrics`);
    const lines = text.matchAll(
      /server_requests_seconds_count\{.*service="(\w+)",method="(\w+)",code="401".*\} (\d+)/g,
    );
    return Object.fromEntries(
      [...lines].map(([, service, how, n]) => [`${service} ${how}`, Number(n)]),
    );
  };
  const before = await counts();
  await post('/api/v1.0/feedback', undefined, asJson);
  await post('/api/v0.1/feedback', 'a.b.forged', ceHeaders());
  await post('/api/v1.0/predictions', undefined, asJson);
  for (const path of ['status', 'metadata', 'metadata/iris', 'metadata/a/b']) {
    await get(`${adapter.url}/api/v1.0/${path}`);
  }
  const after = await counts();
  const added = (of: string): number => (after[of] ?? 0) - (before[of] ?? 0);
  expect(['feedback post', 'predictions post', 'status get', 'metadata get'].map(added)).toEqual([
    2, 1, 1, 2,
  ]);
});

const nowSeconds = Math.floor(Date.now() / 1_000);
const refused: [string, () => string | undefined][] = [
  ['no token', () => undefined],
  ['an expired one', () => issuer.token({ exp: nowSeconds - 60 })],
  ['one that is not valid yet', () => issuer.token({ nbf: nowSeconds + 600 })],
  ['one without an end', () => issuer.token({ exp: undefined })],
  ['one without a subject', () => issuer.token({ sub: undefined })],
  ['one for another audience', () => issuer.token({ aud: ['another'] })],
  ['one for nobody', () => issuer.token({ aud: undefined })],
  ['one of another issuer', () => issuer.token({ iss: 'https://issuer.example' })],
  ['one without a signature', () => issuer.token({}, { alg: 'none' })],
  ['one signed by the public key as a secret', () => issuer.token({}, { alg: 'HS256' })],
  ['one by another algorithm of the same key', () => issuer.token({}, { alg: 'ES256' })],
  ['one by no algorithm', () => issuer.token({}, { alg: undefined })],
  ['one with a critical header', () => issuer.token({}, { crit: ['x'], x: 1 })],
  [
    'one whose claims were changed',
    () => {
      const [head, , signature] = issuer.token({ sub: 'x' }).split('.');
      const claims = issuer.token({ sub: 'alice' }).split('.')[1];
      return `${head}.${claims}.${signature}`;
    },
  ],
  ['an expired one of an unknown key', () => issuer.token({ exp: 1 }, { kid: 'unknown' })],
  ['one for another audience by an unknown key', () => issuer.token({ aud: 'x' }, { kid: 'y' })],
  ['a word', () => 'gibberish'],
  ['three parts of garbage', () => 'garbage.rubbish.nonsense'],
  ['half a token', () => issuer.token().slice(0, 100)],
  ['one that is too long', () => issuer.token({ more: 'x'.repeat(9_000) })],
];

describe('401', () => {
  test.each(refused)('%s: told so, and nothing is predicted', async (_what, token) => {
    const given = token();
    for (const path of ['/', '/api/v1.0/predictions', '/api/v1.0/feedback']) {
      const answer = await post(path, given);
      expect(answer.status).toBe(401);
      expect(answer.json()).toMatchObject({ code: 'TOKEN_REFUSED', retriable: false });
      expect(answer.headers['kne-seldonerrorclass']).toBe('caller');
      const challenge = given === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
      expect(answer.headers['www-authenticate']).toBe(challenge);
      if (given !== undefined) expect(answer.text).not.toContain(given.split('.')[1] ?? given);
    }
    expect(predictor.calls).toEqual([]);
  });

  test('a plain request is told in the shape that it expects', async () => {
    for (const path of ['/api/v1.0/predictions', '/api/v1.0/feedback']) {
      const answer = await post(path, undefined, asJson);
      expect(answer.status).toBe(401);
      expect(answer.json()).toMatchObject({ status: { status: 'FAILURE', code: 401 } });
    }
  });

  test('what comes with a request that is turned away is not taken for another one', async () => {
    const hidden = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    const lines = Object.entries(ceHeaders()).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST / HTTP/1.1\r\nHost: x\r\n${lines.join('')}`;
    const body = hidden.repeat(20_000);
    const token = `Authorization: Bearer ${issuer.token()}\r\n`;
    const { seldon } = irisPayloads;
    const refused = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    const taken = `${head}${token}Connection: close\r\nContent-Length: ${seldon.length}\r\n\r\n${seldon}`;
    const { text } = await rawRequest(adapter.port, refused + taken);
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses).toEqual(['401', '200']);
    expect(predictor.calls).toHaveLength(1);
  });

  test('HEAD is guarded as GET is', async () => {
    const url = `${adapter.url}/api/v1.0/metadata`;
    expect((await send(url, { method: 'HEAD' })).status).toBe(401);
  });

  test('a second token counts for nothing, and neither is passed on', async () => {
    const authorization = [`Bearer ${issuer.token()}`, 'Bearer garbage'];
    const answer = await send(`${adapter.url}/api/v1.0/predictions`, {
      headers: { ...asJson, Authorization: authorization },
      body: irisPayloads.seldon,
    });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(predictor.calls)).not.toContain('Bearer');
    const other = await send(`${adapter.url}/api/v1.0/predictions`, {
      headers: { ...asJson, Authorization: authorization.toReversed() },
      body: irisPayloads.seldon,
    });
    expect(other.status).toBe(401);
  });

  test('another scheme is no token', async () => {
    const headers = { ...ceHeaders(), Authorization: 'Basic YTpi' };
    const answer = await send(`${adapter.url}/`, { headers, body: irisPayloads.seldon });
    expect(answer.status).toBe(401);
  });
});

test('403 for a subject that is not allowed, each time', async () => {
  const token = issuer.token({ sub: 'system:serviceaccount:elsewhere:caller' });
  for (let time = 0; time < 2; time += 1) {
    const answer = await post('/', token);
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'SUBJECT_NOT_ALLOWED' });
  }
  expect((await post('/', issuer.token({ sub: 'alice' }))).status).toBe(200);
  expect((await post('/', issuer.token({ sub: 'alice2' }))).status).toBe(403);
});

test('health, metrics and the questions of browsers need no token', async () => {
  for (const path of ['/livez', '/readyz', '/metrics', '/prometheus']) {
    expect((await send(adapter.url + path, { method: 'GET' })).status).toBe(200);
  }
  const preflight = { method: 'OPTIONS', headers: { Origin: 'https://page.example' } };
  expect((await send(`${adapter.url}/`, preflight)).status).toBe(200);
});

describe('an issuer that cannot tell', () => {
  const rubbish: [string, TokenIssuer['answers']][] = [
    ['fails', { failure: { status: 500, body: '{}' } }],
    ['answers no JSON', { failure: { status: 200, body: '<html>' } }],
    ['answers JSON of another shape', { failure: { status: 200, body: 'null' } }],
    ['says that it is another', { discovery: { issuer: 'https://issuer.example' } }],
    ['has no keys', { discovery: { jwks_uri: undefined } }],
    ['has its keys nowhere', { discovery: { jwks_uri: 'file:///etc/passwd' } }],
    ['sends us elsewhere', { failure: { status: 302, body: '' } }],
    ['answers without end', { failure: { status: 200, body: ' '.repeat(2_000_000) } }],
  ];
  test.each(rubbish)('that %s: 503, so that events are sent again', async (_what, answers) => {
    const own = await startTokenIssuer();
    onTestFinished(() => own.close());
    Object.assign(own.answers, answers);
    const { url } = await openAdapter({ OIDC_ISSUER: own.issuer });
    const headers = { ...ceHeaders(), Authorization: `Bearer ${own.token()}` };
    const answer = await send(`${url}/`, { headers, body: irisPayloads.seldon });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(answer.json()).toMatchObject({ code: 'ISSUER_UNREACHABLE', retriable: true });
  });

  test('that is not there: 503, while the adapter stays ready', async () => {
    const gone = await startTokenIssuer();
    await gone.close();
    const { url } = await openAdapter({ OIDC_ISSUER: gone.issuer });
    const headers = { ...ceHeaders(), Authorization: `Bearer ${gone.token()}` };
    expect((await send(`${url}/`, { headers, body: irisPayloads.seldon })).status).toBe(503);
    expect((await send(`${url}/`, { headers: ceHeaders(), body: '{}' })).status).toBe(401);
    expect((await send(`${url}/livez`, { method: 'GET' })).status).toBe(200);
  });

  test('that goes away: its keys stay in use, and one that is not known yet is 503', async () => {
    const own = await startTokenIssuer();
    const { url } = await openAdapter({ OIDC_ISSUER: own.issuer });
    const ask = async (token: string) => {
      const headers = { ...ceHeaders(), Authorization: `Bearer ${token}` };
      return (await send(`${url}/`, { headers, body: irisPayloads.seldon })).status;
    };
    expect(await ask(own.token())).toBe(200);
    await own.close();
    expect(await ask(own.token({ jti: 'another' }))).toBe(200);
    own.rotate();
    expect(await ask(own.token())).toBe(503);
  });
});
