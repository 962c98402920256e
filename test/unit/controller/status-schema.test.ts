import { describe, expect, it } from 'vitest';
import { fieldManager } from '../../../src/controller/applied.ts';
import { createStatusSchema } from '../../../src/controller/status-schema.ts';
import { KubernetesApiError } from '../../../src/kubernetes/api-error.ts';

const refusal = (...fields: readonly string[]) =>
  new KubernetesApiError(
    500,
    'InternalError',
    `failed to create typed patch object: ${fields.map((it) => `.status.${it}: field not declared in schema`).join(', ')}`,
  );

const result = (conditions: object) => ({
  apiVersion: 'a/v1',
  kind: 'K',
  metadata: {
    name: 'n',
    managedFields: [
      {
        manager: fieldManager,
        subresource: 'status',
        fieldsV1: { 'f:status': { 'f:conditions': conditions } },
      },
    ],
  },
});

describe('what a CRD lets us write', () => {
  it('is learnt from its refusals, field by field, and asked anew after a while', () => {
    const clock = { now: 0 };
    const schema = createStatusSchema(() => clock.now);
    const status = { address: 1, addressable: 2, addresses: 3 };
    expect(schema.narrow(status)).toEqual(status);
    expect(schema.learnFrom(refusal('addressable', 'addresses[0]'))).toBe(true);
    expect(schema.narrow(status)).toEqual({ address: 1 });
    clock.now = 601_000;
    expect(schema.narrow(status)).toEqual(status);
  });

  it('is not learnt from other errors', () => {
    const schema = createStatusSchema(() => 0);
    expect(schema.learnFrom(new Error('.status.address: field not declared in schema'))).toBe(
      false,
    );
    expect(schema.learnFrom(new KubernetesApiError(409, 'Conflict', 'conflict'))).toBe(false);
  });

  it('conditions are shared only where the server keeps them by type', () => {
    const schema = createStatusSchema(() => 0);
    expect(schema.conditionsKeyed()).toBeUndefined();
    schema.learnFromResult(result({}));
    expect(schema.conditionsKeyed()).toBe(false);
    schema.learnFromResult(result({ 'k:{"type":"Addressable"}': {} }));
    expect(schema.conditionsKeyed()).toBe(true);
  });
});
