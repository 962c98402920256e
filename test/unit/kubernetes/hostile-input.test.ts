/** What stands between us and the API server may answer anything at all: it is told by one error. */

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';
import type { CallTarget } from '../../../src/kubernetes/call-target.ts';
import { decodeList, decodeObject } from '../../../src/kubernetes/decode-object.ts';
import { decodeResources } from '../../../src/kubernetes/discovery.ts';
import { readLease } from '../../../src/kubernetes/lease.ts';
import { readManifests } from '../../../src/kubernetes/manifests-file.ts';
import { readWatchStream } from '../../../src/kubernetes/watch-stream.ts';

const target: CallTarget = { verb: 'get', apiVersion: 'v1', plural: 'configmaps', name: 'a' };
const resource = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
} as never;
const key = fc.constantFrom(
  ...['apiVersion', 'kind', 'metadata', 'items', 'resources', 'name', 'resourceVersion'],
  ...['type', 'object', 'spec', 'status', 'code', 'holderIdentity', 'renewTime', '__proto__'],
);
const word = fc.constantFrom('ERROR', 'BOOKMARK', 'ADDED', 'v1', 'List', 'Status', '410');
/** Objects of the right names, and of any shape. */
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    word,
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
  ),
}));
const body = fc.oneof(
  tree.map((value) => Buffer.from(JSON.stringify(value))),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
);

function throwsOnlyApiErrors(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(KubernetesApiError);
  }
}

describe('an answer of any shape', () => {
  it('to a call for an object or a list is one, or told as unusable', () => {
    fc.assert(
      fc.property(body, (bytes) => {
        throwsOnlyApiErrors(() => decodeObject(target, bytes));
        throwsOnlyApiErrors(() => decodeList(target, resource, bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it('to discovery is a list of resources', () => {
    fc.assert(
      fc.property(tree, (value) => {
        throwsOnlyApiErrors(() => expect(Array.isArray(decodeResources('v1', value))).toBe(true));
      }),
      { numRuns: 500 },
    );
  });

  it('to a watch is events, lines that are told as unreadable, or its error', async () => {
    const scope = { allow: () => undefined } as never;
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 6 }), async (lines) => {
        const stream = (async function* () {
          for (const line of lines) yield Buffer.concat([line, Buffer.from('\n')]);
        })();
        const types: string[] = [];
        const options = { target, resource, maxLineBytes: 200, idleMs: 1_000 } as never;
        try {
          await readWatchStream(options, stream, scope, ({ type }) => types.push(type));
        } catch (error) {
          expect(error).toBeInstanceOf(KubernetesApiError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('as a Lease is read: who holds it, or nobody', () => {
    fc.assert(
      fc.property(tree, (spec) => {
        readLease({ apiVersion: 'v1', kind: 'Lease', metadata: { name: 'a' }, spec } as never);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a file of manifests', () => {
  it('of any text is objects, or its problems; never a throw', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 100 }),
      tree.map((value) => JSON.stringify(value)),
      fc.string({
        unit: fc.constantFrom('a', ':', ' ', '\n', '-', '&', '*', '!', '{', '[', '"', '|'),
        maxLength: 60,
      }),
      fc.constant(
        `a: &a [x]\n${Array.from({ length: 40 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`},*${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}`,
      ),
    );
    fc.assert(
      fc.property(text, (yaml) => {
        readManifests(yaml);
      }),
      { numRuns: 300 },
    );
  });
});
