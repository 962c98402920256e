import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Rendered } from '../../../../src/controller/render/rendered.ts';
import { renderResource, resourceOf } from './render-case.ts';

const documented = '../../../fixtures/sdep/';
const ours = './golden/input/';

const files = [documented, ours].flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url)).map((file) => [file, folder] as const),
);

/** `ENGINE_PREDICTOR` follows its base64 in plain, for whoever reads the file. */
function readable({ objects, ...summary }: Rendered): string {
  const documents = [summary, ...objects].map((document) => stringify(document, { lineWidth: 0 }));
  return documents
    .join('---\n')
    .replace(/^( +)value: ([\w+/=]{100,})$/gm, (line, indent: string, base64: string) => {
      const json = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
      const plain = stringify(json, { lineWidth: 0 }).trimEnd().replaceAll('\n', `\n${indent}#   `);
      return `${line}\n${indent}#   ${plain}`;
    });
}

describe('what is made of a manifest', () => {
  it.each(files)('is what its golden file says: %s', async (file, folder) => {
    const result = renderResource(resourceOf(`${folder}${file}`));
    await expect(readable(result)).toMatchFileSnapshot(`./golden/${file}`);
  });
});
