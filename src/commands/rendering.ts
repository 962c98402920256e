/** How SeldonDeployments are rendered: the settings, and the files that they name. */

import { readFile } from 'node:fs/promises';
import { parseServerImages } from '../config/controller.ts';
import { parseKafkaDefaults } from '../config/kafka-defaults.ts';
import type { Parsed } from '../config/parse.ts';
import type { RenderSettings } from '../controller/render/rendered.ts';
import { defaultServerImages } from '../controller/render/server-images.ts';

export interface RenderingConfig {
  readonly adapterImage: string;
  readonly clusterDomain: string;
  readonly serverImagesFile: string | undefined;
  readonly kafkaDefaultsFile: string | undefined;
}

/** Seldon's own ports in its pods, which probes and dashboards of its users name. */
const seldonPorts = { httpPort: 8000, grpcPort: 5001 } as const;

/** Reads the files; all that is wrong with them is told together. */
export async function readRendering(config: RenderingConfig): Promise<Parsed<RenderSettings>> {
  const [servers, kafkaDefaults] = await Promise.all([
    readSetting('SERVER_IMAGES', config.serverImagesFile, (text) =>
      parseServerImages(text, defaultServerImages),
    ),
    readSetting('KAFKA_DEFAULTS', config.kafkaDefaultsFile, parseKafkaDefaults),
  ]);
  const problems = [servers, kafkaDefaults].flatMap((read) =>
    read === undefined || read.ok ? [] : read.problems,
  );
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    values: {
      adapterImage: config.adapterImage,
      clusterDomain: config.clusterDomain,
      ...seldonPorts,
      servers: servers?.ok ? servers.values : defaultServerImages,
      kafkaDefaults: kafkaDefaults?.ok ? kafkaDefaults.values : undefined,
    },
  };
}

/** @returns undefined where no file is named */
async function readSetting<T>(
  setting: string,
  file: string | undefined,
  parse: (text: string) => Parsed<T>,
): Promise<Parsed<T> | undefined> {
  if (file === undefined) return undefined;
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return { ok: false, problems: [`${setting}: the file ${file} cannot be read (${code})`] };
  }
}
