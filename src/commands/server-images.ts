/** The images of prepackaged servers: ours, with those of a file put over them. */

import { readFile } from 'node:fs/promises';
import { parseServerImages } from '../config/controller.ts';
import type { Parsed } from '../config/parse.ts';
import type { RenderSettings, ServerImages } from '../controller/render/rendered.ts';
import { defaultServerImages } from '../controller/render/server-images.ts';

/** @param file that SERVER_IMAGES names, if any */
export async function readServerImages(file: string | undefined): Promise<Parsed<ServerImages>> {
  if (file === undefined) return { ok: true, values: defaultServerImages };
  try {
    return parseServerImages(await readFile(file, 'utf8'), defaultServerImages);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return { ok: false, problems: [`SERVER_IMAGES: the file ${file} cannot be read (${code})`] };
  }
}

/** Seldon's own ports in its pods, which probes and dashboards of its users name. */
const seldonPorts = { httpPort: 8000, grpcPort: 5001 } as const;

export const renderingOf = (
  config: { readonly adapterImage: string; readonly clusterDomain: string },
  servers: ServerImages,
): RenderSettings => ({
  adapterImage: config.adapterImage,
  clusterDomain: config.clusterDomain,
  ...seldonPorts,
  servers,
});
