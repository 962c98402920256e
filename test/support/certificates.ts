/**
 * X.509 certificates for tests, made by Node alone: an authority, and what it signs (RFC 5280, DER).
 * Keys are P-256, in PKCS #8, as Kafka and Node both take them.
 */

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  readonly certPem: string;
  readonly key: KeyObject;
  readonly keyPem: string;
  /** The key in PEM, encrypted. */
  readonly encryptedKeyPem: (passphrase: string) => string;
}

export interface Authority extends Certificate {
  readonly issue: (options: IssueOptions) => Certificate;
}

export interface IssueOptions {
  readonly name: string;
  /** DNS names and IPv4 addresses it is good for. */
  readonly hosts?: readonly string[];
  /** Default: in a day. */
  readonly notAfter?: Date;
}

const dayMs = 86_400_000;

/** A self-signed authority. */
export function createAuthority(name: string): Authority {
  const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = { name, key };
  const root = certify(self, { name, publicKey, isAuthority: true, hosts: [] });
  return {
    ...withKey(root, key),
    issue: (options) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const subject = { hosts: [], ...options, publicKey: pair.publicKey, isAuthority: false };
      return withKey(certify(self, subject), pair.privateKey);
    },
  };
}

const withKey = (certPem: string, key: KeyObject): Certificate => ({
  certPem,
  key,
  keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  encryptedKeyPem: (passphrase) =>
    key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString(),
});

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly isAuthority: boolean;
  readonly hosts: readonly string[];
  readonly notAfter?: Date;
}

function certify(issuer: { name: string; key: KeyObject }, subject: Subject): string {
  const notAfter = subject.notAfter ?? new Date(Date.now() + dayMs);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    distinguishedName(issuer.name),
    sequence(time(new Date(notAfter.getTime() - 2 * dayMs)), time(notAfter)),
    distinguishedName(subject.name),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(subject))),
  );
  const signature = sign('sha256', body, issuer.key);
  const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.from([0]), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function extensions({ isAuthority, hosts }: Subject): Buffer[] {
  const list = [extension('551d13', isAuthority ? sequence(yes) : sequence())];
  if (hosts.length > 0) list.push(extension('551d11', sequence(...hosts.map(hostName))));
  return list;
}

const tagged = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, ...parts);
const explicit = (number: number, part: Buffer): Buffer => tagged(0xa0 + number, part);
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes);
const identifier = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
const yes = tagged(0x01, Buffer.from([0xff]));
const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
const distinguishedName = (name: string): Buffer =>
  sequence(tagged(0x31, sequence(identifier('550403'), tagged(0x0c, Buffer.from(name)))));
const time = (date: Date): Buffer => {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x18, Buffer.from(digits));
};
const extension = (oid: string, value: Buffer): Buffer =>
  sequence(identifier(oid), tagged(0x04, value));
const hostName = (host: string): Buffer =>
  /^[\d.]+$/.test(host)
    ? tagged(0x87, Buffer.from(host.split('.').map(Number)))
    : tagged(0x82, Buffer.from(host));
