import { describe, expect, it } from 'vitest';
import { parseDoctorConfig } from '../../../src/config/doctor.ts';

const parsed = (args: readonly string[], environment = {}) => {
  const result = parseDoctorConfig(args, environment);
  return result.ok ? result.values : result.problems;
};

describe('the arguments of doctor', () => {
  it.each([
    [['iris']],
    [['--sdep', 'iris']],
    [['--output', 'text', 'iris']],
    [['--kafka', 'iris']],
    [['iris', '--kafka']],
    [['--kafka=true', 'iris']],
    [['-o', 'text', 'iris']],
  ])('%j name the SeldonDeployment iris', (args) => {
    expect(parsed(args)).toMatchObject({ sdep: 'iris', output: 'text' });
  });

  it('may name a namespace before it, once', () => {
    expect(parsed(['models/iris'])).toMatchObject({ sdep: 'models/iris' });
    expect(parsed(['iris', '-n', 'models'])).toMatchObject({ sdep: 'iris', namespace: 'models' });
    expect(parsed(['models/iris', '-n', 'models'])).toMatchObject({ sdep: 'models/iris' });
    expect(parsed(['models/iris', '-n', 'other'])).toEqual([
      expect.stringContaining('name two namespaces'),
    ]);
  });

  it.each([['a/b/c'], ['Iris'], ['../iris'], ['iris%2f'], ['/iris'], ['iris/']])(
    '%j is no name',
    (name) => expect(parsed([name])).toEqual([expect.stringMatching(/name|argument|flag/)]),
  );

  it('every fault is told at once', () => {
    expect(parsed(['iris', 'wine', '--nothing', '--output', 'xml'])).toEqual([
      expect.stringContaining('"wine"'),
      expect.stringContaining('--nothing'),
      expect.stringContaining('--output'),
    ]);
    expect(parsed([])).toEqual([expect.stringContaining('DOCTOR_SDEP is not set')]);
  });

  it('credentials without the protocol that shows them are told, as to the adapter', () => {
    const environment = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' };
    expect(parsed(['iris'], environment)).toEqual([
      expect.stringContaining('KAFKA_SASL_MECHANISM'),
    ]);
  });

  it('credentials are not shown to brokers that only the SeldonDeployment names', () => {
    const login = {
      KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'user',
      KAFKA_SASL_PASSWORD: 'hunter2',
    };
    expect(parsed(['iris', '--kafka'], login)).toEqual([
      expect.stringContaining('KAFKA_BROKER is not set'),
    ]);
    expect(parsed(['iris'], { ...login, KAFKA_BROKER: 'b:1' })).toMatchObject({ brokers: ['b:1'] });
  });
});
