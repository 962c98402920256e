/** An OpenID Connect issuer on a real socket: discovery, keys that rotate, and tokens of any kind. */

import { Buffer } from 'node:buffer';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface TokenIssuer {
  readonly issuer: string;
  /** Paths that were asked for, with the credentials shown. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  /** May be changed while it runs. */
  readonly answers: IssuerAnswers;
  /** A new signing key; the ones before are withdrawn, unless they are kept. */
  readonly rotate: (options?: { readonly keep: boolean }) => void;
  /** Signed by the newest key; claims given override, and those undefined are left out. */
  readonly token: (claims?: Claims, header?: Claims) => string;
  readonly close: () => Promise<void>;
}

type Claims = Readonly<Record<string, unknown>>;

export interface IssuerAnswers {
  /** Stands in place of everything. */
  failure?: { readonly status: number; readonly body: string } | undefined;
  /** Lies over the discovery document. */
  discovery?: Claims | undefined;
  /** Whether it answers at all. */
  hangs?: boolean;
}

export interface IssuerOptions {
  readonly audience?: string;
  readonly subject?: string;
  /** With it the issuer speaks HTTPS. */
  readonly certificate?: { readonly certPem: string; readonly keyPem: string };
  /** 0 takes a free one. */
  readonly port?: number;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const base64 = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

let made = 0;

function newKey(): SigningKey {
  made += 1;
  return { kid: `key-${made}`, ...generateKeyPairSync('rsa', { modulusLength: 2_048 }) };
}

/** Listens on 127.0.0.1. */
export async function startTokenIssuer(options: IssuerOptions = {}): Promise<TokenIssuer> {
  const { audience = 'machinelearning.seldon.io/seldondeployment/tests/iris' } = options;
  const { subject = 'system:serviceaccount:tests:caller', certificate, port = 0 } = options;
  const asked: { path: string; authorization: string | undefined }[] = [];
  const answers: IssuerAnswers = {};
  let keys = [newKey()];

  const listener: RequestListener = (request, response) => {
    const { url: path = '/' } = request;
    // As strict as the Kubernetes API server.
    const type = path.endsWith('/jwks') ? 'application/jwk-set+json' : 'application/json';
    const isAccepted = (request.headers.accept ?? type).includes(type);
    asked.push({ path, authorization: request.headers.authorization });
    if (answers.hangs) return;
    const { failure } = answers;
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': {
        issuer,
        jwks_uri: `${issuer}/openid/v1/jwks`,
        ...answers.discovery,
      },
      '/openid/v1/jwks': {
        keys: keys.map(({ kid, publicKey }) => ({
          ...publicKey.export({ format: 'jwk' }),
          ...{ kid, use: 'sig', alg: 'RS256' },
        })),
      },
    };
    const document = documents[path];
    const found = document === undefined ? 404 : 200;
    response.writeHead(failure?.status ?? (isAccepted ? found : 406), { 'content-type': type });
    response.end(failure?.body ?? JSON.stringify(document ?? {}));
  };
  const server =
    certificate === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ cert: certificate.certPem, key: certificate.keyPem }, listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const scheme = certificate === undefined ? 'http' : 'https';
  const issuer = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    issuer,
    asked,
    answers,
    rotate: (rotation = { keep: false }) => {
      keys = [newKey(), ...(rotation.keep ? keys : [])];
    },
    token: (claims = {}, header = {}) => {
      const [key] = keys;
      if (key === undefined) throw new Error('there is no key');
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const about = { iss: issuer, aud: [audience], sub: subject };
      const times = { iat: nowSeconds, nbf: nowSeconds, exp: nowSeconds + 3_600 };
      const head = { alg: 'RS256', typ: 'JWT', kid: key.kid, ...header };
      const parts = `${base64(head)}.${base64({ ...about, ...times, ...claims })}`;
      return `${parts}.${signature(head.alg, parts, key)}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `HS256` by the public key, which is what a careless verifier would check it with. */
function signature(algorithm: unknown, parts: string, key: SigningKey): string {
  if (algorithm === 'none') return '';
  if (algorithm === 'HS256') {
    const secret = key.publicKey.export({ type: 'spki', format: 'pem' });
    return createHmac('sha256', secret).update(parts).digest('base64url');
  }
  return sign('sha256', Buffer.from(parts), key.privateKey).toString('base64url');
}
