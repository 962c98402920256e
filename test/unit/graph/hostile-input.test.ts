/** Messages and metadata that nodes answer with, of any shape. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdapterError } from '../../../src/errors.ts';
import { readMeta, writeMeta } from '../../../src/graph/meta.ts';
import {
  findPredictor,
  imagesOf,
  predictorFacts,
  splitImage,
} from '../../../src/graph/predictor-entry.ts';
import { readMetadata } from '../../../src/inference/seldon/graph-metadata.ts';

const key = fc.constantFrom(
  'meta',
  'tags',
  'metrics',
  'routing',
  'requestPath',
  'puid',
  'data',
  '__proto__',
  'spec',
  'predictors',
  'name',
  'annotations',
  'componentSpecs',
  'containers',
  'image',
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
  ),
}));
const body = fc.oneof(
  tree.map((value) => Buffer.from(JSON.stringify(value))),
  tree.map((value) => Buffer.from(JSON.stringify(value).slice(0, -1))),
  fc.uint8Array({ maxLength: 60 }),
);

describe('a message of any shape', () => {
  it('has its meta read and written, or is told as unusable', () => {
    fc.assert(
      fc.property(body, body, (from, to) => {
        try {
          const written = writeMeta(to, readMeta(from));
          expect(written).toBeInstanceOf(Uint8Array);
        } catch (error) {
          expect(error).toBeInstanceOf(AdapterError);
        }
        expect(({} as { tags?: unknown }).tags).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it('is metadata of a model, or none', () => {
    fc.assert(
      fc.property(body, (bytes) => void readMetadata(bytes)),
      { numRuns: 500 },
    );
  });
});

describe('a SeldonDeployment of any shape', () => {
  it('has its predictor found, or what is wrong told; never a throw', () => {
    fc.assert(
      fc.property(tree, fc.string({ maxLength: 8 }), (resource, name) => {
        findPredictor(resource, name);
        predictorFacts(resource);
        imagesOf(resource);
        splitImage(name);
      }),
      { numRuns: 1_000 },
    );
  });
});
