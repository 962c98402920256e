/** One request to a token endpoint: OAuth 2.0 client credentials (RFC 6749, section 4.4). */

import { RefusedError } from './sasl-exchange.ts';

export interface TokenClient {
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
}

export interface Token {
  readonly value: string;
  /** How long it lasts, in ms. */
  readonly lifetimeMs: number;
}

/** How the client shows its secret: endpoints must take `basic`, and some take only the other. */
export type ClientStyle = 'basic' | 'form';

export type TokenAnswer =
  | { readonly kind: 'token'; readonly token: Token }
  /** The endpoint does not know the client when it shows itself so. */
  | { readonly kind: 'unknown-client'; readonly reason: string };

/** kafkajs gives an authentication 10 s in all. */
const timeoutMs = 4_000;
const maxAnswerBytes = 64 * 1024;
/** Of what it says, so much is told. */
const maxTold = 500;
/** Where the endpoint does not say (RFC 6749 recommends that it does). */
const assumedLifetimeMs = 300_000;

/**
 * Asks for a token.
 * @throws RefusedError with the endpoint's host, status, `error` and `error_description`
 */
export async function requestToken(client: TokenClient, style: ClientStyle): Promise<TokenAnswer> {
  const { tokenUrl } = client;
  const fail = (why: string): RefusedError => {
    const told = writingsOf(client).reduce(
      (text, shown) => text.replaceAll(shown, '[secret]'),
      why,
    );
    return new RefusedError(`the token endpoint at ${tokenUrl.host} ${shortened(told)}`);
  };
  let status: number;
  let text: string | undefined;
  try {
    // Never redirected: the secret would go along.
    const answer = await fetch(tokenUrl, {
      ...messageOf(client, style),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = answer.status;
    text = await textOf(answer);
  } catch (error) {
    throw fail(`cannot be reached: ${reasonOf(error)}`);
  }
  if (text === undefined) throw fail(`answered more than ${maxAnswerBytes} bytes`);
  const body = parseObject(text);
  if (status === 200) {
    const token = tokenIn(body);
    if (token === undefined) throw fail('answered 200 without a usable access_token');
    return { kind: 'token', token };
  }
  const told = [body['error'], body['error_description']].filter(
    (word) => typeof word === 'string',
  );
  const refusal = fail(`answered ${status}${told.length > 0 ? `: ${told.join(': ')}` : ''}`);
  if (status === 401 || body['error'] === 'invalid_client') {
    return { kind: 'unknown-client', reason: refusal.message };
  }
  throw refusal;
}

function messageOf({ clientId, clientSecret, scope }: TokenClient, style: ClientStyle) {
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== undefined) body.set('scope', scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (style === 'basic') {
    // RFC 6749, section 2.3.1: both are form-encoded first.
    const login = [clientId, clientSecret].map(formEncoded).join(':');
    headers['authorization'] = `Basic ${base64(login)}`;
  } else {
    body.set('client_id', clientId);
    body.set('client_secret', clientSecret);
  }
  return { method: 'POST', headers, body };
}

/** @returns undefined where it is too long, the rest of which is not waited for */
async function textOf({ body }: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The secret in each form in which it is sent, or in which an endpoint may repeat it. */
function writingsOf({ clientId, clientSecret }: TokenClient): string[] {
  const encoded = [clientSecret, formEncoded(clientSecret), encodeURIComponent(clientSecret)];
  const login = [clientId, clientSecret].map(formEncoded).join(':');
  return [base64(login), base64(clientSecret), ...encoded].filter((text) => text !== '');
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const shortened = (text: string): string =>
  text.length > maxTold ? `${text.slice(0, maxTold)}…` : text;

const formEncoded = (text: string): string =>
  new URLSearchParams({ x: text }).toString().slice('x='.length);

function tokenIn(body: Readonly<Record<string, unknown>>): Token | undefined {
  const { access_token: value, expires_in: seconds } = body;
  // Characters that could end the token in the SASL message are no part of any (RFC 6750).
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) return undefined;
  return { value, lifetimeMs: lifetimeOf(seconds) };
}

/** A number by the RFC; some write it as text. Anything else is no lifetime. */
function lifetimeOf(seconds: unknown): number {
  const isTold = typeof seconds === 'number' || typeof seconds === 'string';
  const lifetimeMs = isTold ? Number(seconds) * 1_000 : Number.NaN;
  return lifetimeMs > 0 && lifetimeMs <= Number.MAX_SAFE_INTEGER ? lifetimeMs : assumedLifetimeMs;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Of what `fetch` throws, the cause says more. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? error.message;
}
