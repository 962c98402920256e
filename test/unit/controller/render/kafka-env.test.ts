import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kafkaEnvOf } from '../../../../src/controller/render/kafka-env.ts';
import type { Predictor } from '../../../../src/controller/render/seldon-deployment.ts';
import { isInShare, parseTrafficShare } from '../../../../src/delivery/traffic-share.ts';
import { type Env, predictor, sdepOf, secret, topics } from './kafka-sdep.ts';

const named = (name: string, parts: Partial<Predictor> = {}, env: Env = topics): Predictor =>
  predictor(env, { name, ...parts });
const envsOf = (...predictors: Predictor[]) =>
  predictors.map((each) => kafkaEnvOf(sdepOf(predictors), each));
const share = (value: string) => [{ name: 'KAFKA_TRAFFIC_SHARE', value }];

describe('predictors on one input topic', () => {
  it('are given shares that follow on one another in their order', () => {
    expect(
      envsOf(
        named('a', { traffic: 70 }),
        named('b', { traffic: 20 }),
        named('dark', { shadow: true, traffic: 50 }),
        named('c', { traffic: 10 }),
        named('off', { traffic: 0 }),
      ),
    ).toEqual([
      share('0-70'),
      share('70-90'),
      [{ name: 'KAFKA_OUTPUT_TOPIC', value: 'out.shadow' }],
      share('90-100'),
      share('100-100'),
    ]);
  });

  it('are one topic by any of the names of its brokers, through others too', () => {
    const brokers = (list: string) => ({ ...topics, KAFKA_BROKER: list });
    expect(
      envsOf(
        named('a', { traffic: 50 }, brokers('k1:9092')),
        named('other', { traffic: 50 }, { ...topics, KAFKA_INPUT_TOPIC: 'x' }),
        named('b', { traffic: 25 }, brokers('K2:9092')),
        named('c', { traffic: 25 }, brokers('k1:9092, k2:9092')),
      ),
    ).toEqual([share('0-50'), [], share('50-75'), share('75-100')]);
  });

  it('are one topic where it stands in one key of one Secret', () => {
    const env = { ...topics, KAFKA_BROKER: secret('k', 'b'), KAFKA_INPUT_TOPIC: secret('k', 't') };
    const other = { ...env, KAFKA_INPUT_TOPIC: secret('k', 'other') };
    const half = { traffic: 50 };
    expect(envsOf(named('a', half, env), named('b', half, env))).toEqual([
      share('0-50'),
      share('50-100'),
    ]);
    expect(envsOf(named('a', half, env), named('b', half, other))).toEqual([[], []]);
  });

  it('answer everything where they are alone, without weights, or not on Kafka', () => {
    expect(envsOf(named('a', { traffic: 100 }))).toEqual([[]]);
    expect(envsOf(named('a'), named('b'))).toEqual([[], []]);
    expect(envsOf(named('a', { traffic: 0 }), named('b', { traffic: 0 }))).toEqual([[], []]);
    expect(envsOf(named('a', { traffic: 60 }), named('b', { traffic: 40 }, {}))).toEqual([[], []]);
  });

  it('keep a share that was set by hand', () => {
    const env = { ...topics, KAFKA_TRAFFIC_SHARE: '0-10' };
    expect(envsOf(named('a', { traffic: 50 }, env), named('b', { traffic: 50 }))[0]).toEqual([]);
  });

  it('have every key in exactly one of their shares, whatever the weights and the brokers', () => {
    const weights = fc.array(fc.nat(100), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.uint8Array({ maxLength: 20 }), (list, key) => {
        fc.pre(list.some((weight) => weight > 0));
        const predictors = list.map((traffic, i) =>
          named(`p${i}`, { traffic }, { ...topics, KAFKA_BROKER: `k${i}:1,k${(i + 1) % 6}:1` }),
        );
        const owners = envsOf(...predictors)
          .map(([variable]) => parseTrafficShare(variable?.value ?? ''))
          .filter((each) => each !== undefined && isInShare(each, key));
        expect(owners).toHaveLength(1);
      }),
    );
  });
});

describe('a shadow', () => {
  const shadow = (env: Env) => envsOf(named('dark', { shadow: true }, env))[0];

  it('writes answers and failures to topics of their own', () => {
    expect(shadow({ ...topics, KAFKA_ERROR_TOPIC: 'dead' })).toEqual([
      { name: 'KAFKA_OUTPUT_TOPIC', value: 'out.shadow' },
      { name: 'KAFKA_ERROR_TOPIC', value: 'dead.shadow' },
    ]);
    expect(shadow({ ...topics, KAFKA_ERROR_TOPIC: '$(KAFKA_OUTPUT_TOPIC).dead' })?.[1]?.value).toBe(
      'out.dead.shadow',
    );
    expect(shadow({ ...topics, KAFKA_OUTPUT_TOPIC: 'mine.shadow' })).toEqual([
      { name: 'KAFKA_OUTPUT_TOPIC', value: 'mine.shadow' },
    ]);
  });

  it('names them through Kubernetes where only the pod knows', () => {
    const from = secret('k', 'out');
    expect(shadow({ ...topics, KAFKA_OUTPUT_TOPIC: from })).toEqual([
      { name: 'KAFKA_OUTPUT_TOPIC_SHADOWED', valueFrom: from },
      { name: 'KAFKA_OUTPUT_TOPIC', value: '$(KAFKA_OUTPUT_TOPIC_SHADOWED).shadow' },
    ]);
    expect(shadow({ ...topics, KAFKA_OUTPUT_TOPIC: '$(TENANT).out' })).toEqual([
      { name: 'KAFKA_OUTPUT_TOPIC', value: '$(TENANT).out.shadow' },
    ]);
  });
});
