import { expect, test } from 'vitest';
import { kafkaProperties } from '../../../src/demo/kafka-properties.ts';

const parse = (properties?: Record<string, string>) => {
  const text = kafkaProperties({ port: 1, controllerPort: 2, logDir: '/data', properties });
  const lines = text.trimEnd().split('\n');
  return new Map(lines.map((line) => line.split(/=(.*)/s) as [string, string]));
};

test('listens on loopback only, and creates no topic by itself', () => {
  const properties = parse();
  expect(properties.get('listeners')).toBe('PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2');
  expect(properties.get('advertised.listeners')).toBe('PLAINTEXT://127.0.0.1:1');
  expect(properties.get('auto.create.topics.enable')).toBe('false');
});

test('a property that is given replaces the default, or is added', () => {
  const properties = parse({ 'node.id': '3', 'message.max.bytes': '100' });
  expect(properties.get('node.id')).toBe('3');
  expect(properties.get('message.max.bytes')).toBe('100');
});

test('a listener that is given stands beside the plaintext one, and is advertised', () => {
  const properties = parse({
    listeners: 'MTLS://127.0.0.1:3',
    'listener.security.protocol.map': 'MTLS:SSL',
  });
  expect(properties.get('listeners')).toMatch(/^PLAINTEXT:.*,MTLS:\/\/127.0.0.1:3$/);
  expect(properties.get('advertised.listeners')).toMatch(/^PLAINTEXT:.*,MTLS:\/\/127.0.0.1:3$/);
  expect(properties.get('listener.security.protocol.map')).toMatch(/,MTLS:SSL$/);
});

test('a value of several lines, such as a PEM, stays one property', () => {
  const properties = parse({ 'ssl.keystore.key': '-----BEGIN\nx\\y\n-----END' });
  expect(properties.get('ssl.keystore.key')).toBe('-----BEGIN\\nx\\\\y\\n-----END');
});
