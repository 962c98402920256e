import { expect, it } from 'vitest';
import { parseControllerConfig } from '../../../src/config/controller.ts';
import { parseKafkaDefaults } from '../../../src/config/kafka-defaults.ts';

const problemsOf = (content: object | string): readonly string[] => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const parsed = parseKafkaDefaults(text);
  return parsed.ok ? [] : parsed.problems;
};

it('the shared Kafka is variables and Secrets; either may be left out', () => {
  expect(parseKafkaDefaults('{}')).toEqual({ ok: true, values: { env: {}, secrets: {} } });
  const values = { env: { KAFKA_BROKER: 'k:9092' }, secrets: { 'kafka-tls': '/etc/kafka/tls' } };
  expect(parseKafkaDefaults(JSON.stringify(values))).toEqual({ ok: true, values });
});

it('everything that is wrong with it is told at once, and no secret is taken as a value', () => {
  const problems = problemsOf({
    env: { KAFKA_SASL_PASSWORD: 'hidden', KAFKA_INPUT_TOPIC: 'in', PATH: '/', KAFKA_WORKERS: 4 },
    secrets: { UPPER: '/etc/kafka', 'kafka-tls': 'etc/' },
    more: true,
  });
  expect(problems.join('\n')).not.toContain('hidden');
  for (const where of ['env/KAFKA_WORKERS', 'secrets/UPPER', 'secrets/kafka-tls', 'more']) {
    expect(problems.some((problem) => problem.includes(where))).toBe(true);
  }
  const refused = problemsOf({
    env: { KAFKA_SASL_PASSWORD: 'x', KAFKA_INPUT_TOPIC: 'in', PATH: '/' },
  });
  expect(refused).toEqual([
    'KAFKA_DEFAULTS: /env/KAFKA_SASL_PASSWORD: write it into a Secret, and name it as KAFKA_SASL_PASSWORD_FILE',
    'KAFKA_DEFAULTS: /env/KAFKA_INPUT_TOPIC: SeldonDeployments cannot share it: each needs its own',
    'KAFKA_DEFAULTS: /env/PATH: expected the name of a KAFKA_ variable',
  ]);
  expect(problemsOf('no JSON')).toHaveLength(1);
});

it('beside Seldon’s operator, whose pods are its own, it is refused', () => {
  const parsed = parseControllerConfig([], { CONTROLLER_MODE: 'attached', KAFKA_DEFAULTS: '/f' });
  expect(parsed.ok ? [] : parsed.problems).toEqual([expect.stringContaining('unset it')]);
});
