import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../../src/config/parse.ts';
import { tracingOf, tracingSettings } from '../../../src/config/tracing.ts';

const read = (environment: Record<string, string>) => {
  const parsed = parseSettings(tracingSettings, [], environment);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return tracingOf(parsed.values, { 'service.name': 'iris' });
};
const configOf = (environment: Record<string, string>) => read(environment).config;

describe('traces', () => {
  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: 'console, otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, false],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, false],
    [{ OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_EXPORTER: 'otlp' }, false],
    [{ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' }, false],
  ])('are on only where they are asked for: %j', (environment, isOn) => {
    expect(configOf(environment as Record<string, string>) !== undefined).toBe(isOn);
  });

  test.each([
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, 'http://localhost:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otel/' }, 'https://c/otel/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:1/own' }, 'http://c:1/own'],
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_EXPORTER: 'otlp' },
      'http://localhost:4317/',
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' },
      'http://c:4317/',
    ],
  ])('go where %j says', (environment, url) => {
    expect(configOf(environment as Record<string, string>)?.url.href).toBe(url);
  });

  test('headers and attributes are decoded, the more particular ones added', () => {
    const config = configOf({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b=x%3Dy',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,team=ml',
    });
    expect(config?.headers).toEqual({ a: '2', b: 'x=y' });
    expect(config?.resource).toEqual({ 'service.name': 'other', team: 'ml' });
  });

  test('what is not understood is told, without what could be a secret, and does not stop the start', () => {
    const { config, warnings } = read({
      OTEL_TRACES_EXPORTER: 'otlp,jaeger',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'smoke',
      OTEL_TRACES_SAMPLER: 'xray',
      OTEL_TRACES_SAMPLER_ARG: '7',
      OTEL_EXPORTER_OTLP_HEADERS: 'SECRET',
    });
    expect(config).toMatchObject({
      protocol: 'http/protobuf',
      sampler: 'parentbased_always_on',
      ratio: 1,
    });
    expect(warnings.length).toBe(5);
    expect(warnings.join()).not.toContain('SECRET');
  });

  test('an endpoint that is none is a wrong setting, and not repeated', () => {
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'user:SECRET@collector' };
    const parsed = parseSettings(tracingSettings, [], environment);
    expect(parsed.ok ? [] : parsed.problems).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: expected an http:// or https:// URL, such as http://collector:4318',
    ]);
  });

  test('whatever the lists hold, they are read', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const config = configOf({
          OTEL_TRACES_EXPORTER: 'otlp',
          OTEL_EXPORTER_OTLP_HEADERS: text,
          OTEL_RESOURCE_ATTRIBUTES: text,
        });
        expect(Object.getPrototypeOf(config?.headers)).toBe(Object.prototype);
      }),
    );
  });
});
