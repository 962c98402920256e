import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseExtensions } from '../../../../src/kafka/security/oauth-extensions.ts';
import { type Exchange, RefusedError } from '../../../../src/kafka/security/sasl-exchange.ts';
import { logIn } from '../../../../src/kafka/security/sasl-login.ts';
import { showToken } from '../../../../src/kafka/security/sasl-oauthbearer.ts';

const login = { username: 'a,b=c', password: 'pencil' };

interface ScramServer {
  readonly password: string;
  readonly iterations: number;
  readonly nonce: (client: string) => string;
  readonly verifier: (signature: string) => string;
}

/** The broker's side of RFC 5802. */
function scramServer(given: Partial<ScramServer> = {}): { exchange: Exchange; names: string[] } {
  const { password, iterations, nonce, verifier } = {
    password: login.password,
    iterations: 4_096,
    nonce: (client: string) => `${client}server`,
    verifier: (signature: string) => signature,
    ...given,
  };
  const salt = randomBytes(16);
  const names: string[] = [];
  let opening = '';
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const exchange: Exchange = async (message) => {
    const [, name, clientNonce] = /^n,,n=([^,]*),r=(.*)$/.exec(message) ?? [];
    if (name !== undefined && clientNonce !== undefined) {
      names.push(name);
      const answer = `r=${nonce(clientNonce)},s=${salt.toString('base64')},i=${iterations}`;
      opening = `${message.slice('n,,'.length)},${answer}`;
      return answer;
    }
    const [, withoutProof = '', proof = ''] = /^(.*),p=([^,]*)$/.exec(message) ?? [];
    const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
    const conversation = `${opening},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const stored = createHash('sha256').update(clientKey).digest();
    const signature = hmac(stored, conversation);
    const shown = Buffer.from(proof, 'base64').map((byte, i) => byte ^ (signature[i] ?? 0));
    if (!createHash('sha256').update(shown).digest().equals(stored)) return 'e=invalid-proof';
    return `v=${verifier(hmac(hmac(salted, 'Server Key'), conversation).toString('base64'))}`;
  };
  return { exchange, names };
}

describe('SCRAM', () => {
  it('is taken by a server that follows RFC 5802, names with commas and equals signs too', async () => {
    const { exchange, names } = scramServer();
    await logIn('SCRAM-SHA-256', login, exchange);
    expect(names).toEqual(['a=2Cb=3Dc']);
  });

  it.each<[string, Partial<ScramServer>, string]>([
    ['that knows another password', { password: 'pen' }, 'invalid-proof'],
    ['that cannot prove that it knows it', { verifier: () => 'AAAA' }, 'impostor'],
    ['that does not go on with our nonce', { nonce: () => 'other' }, 'nonce'],
    ['that adds nothing to our nonce', { nonce: (client) => client }, 'nonce'],
    ['that asks for few iterations', { iterations: 4_095 }, 'iterations'],
    ['that asks for endless iterations', { iterations: 1_000_001 }, 'iterations'],
  ])('is refused with a server %s', async (_what, server, reason) => {
    const { exchange } = scramServer(server);
    const refusal = logIn('SCRAM-SHA-256', login, exchange);
    await expect(refusal).rejects.toThrow(RefusedError);
    await expect(refusal).rejects.toThrow(reason);
  });
});

describe('OAUTHBEARER', () => {
  it('shows token and extensions in one message, as RFC 7628 has it', async () => {
    const sent: string[] = [];
    const extensions = parseExtensions('logicalCluster=lkc-1, identityPoolId=pool-1', 'X');
    await showToken('abc', extensions, async (message) => {
      sent.push(message);
      return '';
    });
    const parts = ['auth=Bearer abc', 'logicalCluster=lkc-1', 'identityPoolId=pool-1', ''];
    expect(sent).toEqual([['n,,', ...parts, ''].join('\u0001')]);
  });

  it('acknowledges a challenge, and takes it for the refusal that it is', async () => {
    const sent: string[] = [];
    const refusal = showToken('abc', new Map(), async (message) => {
      sent.push(message);
      return sent.length === 1 ? '{"status":"invalid_token"}' : '';
    });
    await expect(refusal).rejects.toThrow('the token was refused: invalid_token');
    expect(sent[1]).toBe('\u0001');
  });
});

describe('extensions', () => {
  it('may have equals signs in their values', () => {
    expect([...parseExtensions('a=b=c,,d=e', 'X')]).toEqual([
      ['a', 'b=c'],
      ['d', 'e'],
    ]);
  });

  it.each(['a', 'a=', '=b', 'a-b=c', 'auth=x', 'a=\u0001'])('are refused: %j', (text) => {
    expect(() => parseExtensions(text, 'X')).toThrow(/^X: /);
  });
});
