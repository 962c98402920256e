/** Live objects whose bookkeeping of fields says anything at all: applied or not, never a throw. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isApplied, withHash } from '../../../src/controller/applied.ts';
import type { Manifest } from '../../../src/controller/render/manifest.ts';

const desired = withHash({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's', namespace: 'n', labels: { a: 'b' } },
  spec: { ports: [{ port: 1, name: 'http' }], externalIPs: ['10.0.0.1'] },
} as Manifest);
const name = fc.constantFrom(
  ...['.', 'f:metadata', 'f:labels', 'f:a', 'f:annotations', 'f:spec', 'f:ports', 'f:externalIPs'],
  ...['k:{"port":1}', 'k:{', 'k:null', 'k:[]', 'k:5', 'v:"10.0.0.1"', 'v:', '__proto__'],
  'f:seldon-eventing.io/applied-hash',
);
const { fields } = fc.letrec((tie) => ({
  fields: fc.oneof(
    { maxDepth: 5 },
    fc.constant({}),
    fc.jsonValue({ maxDepth: 1 }),
    fc.dictionary(name, tie('fields'), { maxKeys: 6 }),
  ),
}));

it('what the API server has of us is compared, whatever it is', () => {
  fc.assert(
    fc.property(fields, (fieldsV1) => {
      const entry = { manager: 'seldon-eventing', operation: 'Apply', fieldsV1 };
      const live = { ...desired, metadata: { ...desired.metadata, managedFields: [entry] } };
      expect([true, false]).toContain(isApplied(desired, live as never));
    }),
    { numRuns: 1_000 },
  );
});
