/** A small identity provider on a real socket: client credentials (RFC 6749), RS256 tokens, JWKS. */

import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenRequest {
  readonly style: 'basic' | 'form';
  readonly scope: string | null;
}

export interface OidcServer {
  readonly issuer: string;
  readonly tokenUrl: string;
  readonly jwksUrl: string;
  /** Those that named the right client and secret. */
  readonly granted: TokenRequest[];
  /** How many requests were refused, for any reason. */
  readonly refused: () => number;
  /** May be changed while it runs. */
  readonly settings: OidcSettings;
  readonly close: () => Promise<void>;
}

export interface OidcSettings {
  clientId: string;
  clientSecret: string;
  audience: string;
  lifetimeSeconds: number;
  /** The only ways in which a client may show itself. */
  styles: readonly ('basic' | 'form')[];
  /** Answered in place of everything else. */
  failure: { readonly status: number; readonly body: string } | undefined;
}

/** Listens on a free port of 127.0.0.1. */
export async function startOidcServer(given: Partial<OidcSettings> = {}): Promise<OidcServer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const settings: OidcSettings = {
    clientId: 'iris-client',
    clientSecret: 'oidc+secret/of=the client',
    audience: 'kafka',
    lifetimeSeconds: 3_600,
    styles: ['basic', 'form'],
    failure: undefined,
    ...given,
  };
  const granted: TokenRequest[] = [];
  let refused = 0;
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };
  const server = createServer((request, response) => {
    const answer = (status: number, body: object | string): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (request.url === '/jwks') {
      answer(200, { keys: [jwk] });
      return;
    }
    void readBody(request).then((body) => {
      const form = new URLSearchParams(body);
      const login = loginOf(request, form);
      const fail = (status: number, error: object | string): void => {
        refused += 1;
        answer(status, error);
      };
      if (settings.failure !== undefined) fail(settings.failure.status, settings.failure.body);
      else if (form.get('grant_type') !== 'client_credentials') {
        fail(400, { error: 'unsupported_grant_type' });
      } else if (
        !settings.styles.includes(login.style) ||
        login.id !== settings.clientId ||
        login.secret !== settings.clientSecret
      ) {
        fail(401, { error: 'invalid_client', error_description: 'no such client, or its secret' });
      } else {
        granted.push({ style: login.style, scope: form.get('scope') });
        const { lifetimeSeconds } = settings;
        answer(200, { access_token: token(), token_type: 'Bearer', expires_in: lifetimeSeconds });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = (): string => {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: issuer,
      aud: settings.audience,
      sub: settings.clientId,
      iat: nowSeconds,
      exp: nowSeconds + settings.lifetimeSeconds,
    };
    const parts = [{ alg: 'RS256', typ: 'JWT', kid: 'one' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${parts}.${sign('sha256', Buffer.from(parts), privateKey).toString('base64url')}`;
  };
  return {
    issuer,
    tokenUrl: `${issuer}/token`,
    jwksUrl: `${issuer}/jwks`,
    granted,
    refused: () => refused,
    settings,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

function loginOf(request: IncomingMessage, form: URLSearchParams) {
  const [, basic] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (basic === undefined) {
    return { style: 'form', id: form.get('client_id'), secret: form.get('client_secret') } as const;
  }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(decoded);
  return { style: 'basic', id, secret } as const;
}

const decoded = (text: string): string | null => new URLSearchParams(`x=${text}`).get('x');
