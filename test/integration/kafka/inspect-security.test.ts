/** `doctor --kafka` on a secured broker: by the adapter's own settings, and what it says of wrong ones. */

import { describe, expect, test } from 'vitest';
import { inspectPredictors } from '../../../src/commands/inspect-predictors.ts';
import { parseDoctorConfig } from '../../../src/config/doctor.ts';
import { environmentOf } from '../../../src/controller/render/kafka-environment.ts';
import { kafkaSettingsOf } from '../../../src/controller/render/kafka-settings.ts';
import { parseSeldonDeployment } from '../../../src/controller/render/parse.ts';
import { kafkaEnv, sdep } from '../../support/controller-sdeps.ts';
import { user, useSecureBroker } from '../../support/secure-broker.ts';

const broker = await useSecureBroker();

/** What `doctor` makes of a SeldonDeployment whose topics are nowhere. */
function inspected(environment: Readonly<Record<string, string>>) {
  const config = parseDoctorConfig(['iris'], environment);
  const parsed = parseSeldonDeployment(sdep('iris', { serverType: 'kafka', env: kafkaEnv }));
  const [predictor] = parsed.ok ? parsed.sdep.spec.predictors : [];
  if (!config.ok || !parsed.ok || predictor === undefined) throw new Error(JSON.stringify(config));
  const settings = kafkaSettingsOf(parsed.sdep, predictor);
  if (settings === undefined) throw new Error('its Kafka path is off');
  const { name } = predictor;
  const consumer = { name, settings, environment: environmentOf(predictor), deployment: undefined };
  return inspectPredictors(config.values, [consumer]).then((facts) => facts.get(name));
}

describe.skipIf(broker.missing)('a secured broker', () => {
  const login = (password: string) => ({
    KAFKA_BROKER: broker.at('SCRAM'),
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: user.name,
    KAFKA_SASL_PASSWORD: password,
    KAFKA_SSL_CA_CERT: broker.authority.certPem,
  });

  test("answers to the adapter's own settings", async () => {
    const facts = await inspected(login(user.password));
    expect(facts?.unreachable).toBeUndefined();
    expect(facts?.topics.map(({ problem }) => problem)).toEqual(
      ['input', 'output', 'error'].map(() => 'does not exist'),
    );
  });

  test('a password that it does not take is told, and not shown', async () => {
    const facts = await inspected(login('not-her-password'));
    expect(facts?.unreachable).toMatch(/authenticat|SASL|refused/i);
    expect(JSON.stringify(facts)).not.toContain('not-her-password');
  });

  test('an authority that did not sign it is told', async () => {
    const { KAFKA_SSL_CA_CERT: _, ...untrusting } = login(user.password);
    expect((await inspected(untrusting))?.unreachable).toMatch(/certificate/i);
  });
});
