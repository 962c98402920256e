/** Settings, files and annotations that say anything at all: values, or what is wrong with them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAdapterConfig } from '../../../src/config/adapter.ts';
import { adapterSettings } from '../../../src/config/adapter-settings.ts';
import {
  controllerSettings,
  parseControllerConfig,
  parseServerImages,
} from '../../../src/config/controller.ts';
import { doctorSettings, parseDoctorConfig } from '../../../src/config/doctor.ts';
import { parseKafkaDefaults } from '../../../src/config/kafka-defaults.ts';
import type { Environment, Parsed } from '../../../src/config/parse.ts';
import { parseProduceConfig } from '../../../src/config/parse-produce.ts';
import { isJson, parseRate, produceSettings } from '../../../src/config/produce.ts';
import { parseRenderConfig, renderSettings } from '../../../src/config/render.ts';
import { parseReplayConfig, replaySettings } from '../../../src/config/replay.ts';
import type { SettingGroup } from '../../../src/config/setting.ts';
import { parseExtensions } from '../../../src/kafka/security/oauth-extensions.ts';
import { CredentialError } from '../../../src/kafka/security/source.ts';

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.json({ maxDepth: 2 }),
  fc.constantFrom(
    '0',
    '-1',
    '1e9',
    'true',
    '10s',
    'http://h:1',
    'grpc://h',
    'e30=',
    '..',
    '/',
    ',',
    '=',
  ),
);
/** Alternating flags and values, and stray ones. */
const flags = (group: SettingGroup) =>
  fc.array(
    fc.oneof(
      fc.constantFrom(...Object.values(group).map(({ env }) => `--${env.toLowerCase()}`)),
      value,
    ),
    { maxLength: 6 },
  );
const environment = (group: SettingGroup) =>
  fc.dictionary(fc.constantFrom(...Object.values(group).map(({ env }) => env)), value, {
    maxKeys: 12,
  });

const commands: readonly (readonly [
  string,
  SettingGroup,
  (args: readonly string[], environment: Environment) => Parsed<unknown>,
])[] = [
  ['adapter', adapterSettings, parseAdapterConfig],
  ['controller', controllerSettings, parseControllerConfig],
  ['doctor', doctorSettings, parseDoctorConfig],
  ['produce', produceSettings, parseProduceConfig],
  ['render', renderSettings, parseRenderConfig],
  ['replay', replaySettings, parseReplayConfig],
];

function expectParsed(parsed: Parsed<unknown>): void {
  if (parsed.ok) return;
  expect(parsed.problems.length).toBeGreaterThan(0);
  for (const problem of parsed.problems) expect(problem).toMatch(/\S/);
}

describe('settings', () => {
  it.each(commands)('of %s never throw: they are values or problems', (_name, group, parse) => {
    fc.assert(
      fc.property(flags(group), environment(group), (args, variables) => {
        expectParsed(parse(args, variables));
      }),
      { numRuns: 200 },
    );
  });
});

describe('files and lists', () => {
  it('with defaults of Kafka or images of servers never throw', () => {
    const images = { byImplementation: {}, storageInitializer: 'x' } as never;
    const content = fc.oneof(
      value,
      fc.json(),
      fc.json().map((json) => `{"env":${json},"secrets":${json},"byImplementation":${json}}`),
    );
    fc.assert(
      fc.property(content, (text) => {
        expectParsed(parseKafkaDefaults(text));
        expectParsed(parseServerImages(text, images));
      }),
      { numRuns: 300 },
    );
  });

  it('of rates and data for produce never throw; a rate is a number from 0', () => {
    fc.assert(
      fc.property(value, (text) => {
        const rate = parseRate(text);
        if (rate !== undefined) expect(rate).toBeGreaterThanOrEqual(0);
        expect([true, false]).toContain(isJson(text));
      }),
    );
  });

  it('of OAuth extensions are pairs, or refused by name', () => {
    fc.assert(
      fc.property(
        fc.oneof(value, fc.string({ unit: fc.constantFrom('a', '=', ',', ' ') })),
        (text) => {
          try {
            parseExtensions(text, 'SETTING');
          } catch (error) {
            expect(error).toBeInstanceOf(CredentialError);
          }
        },
      ),
    );
  });
});
