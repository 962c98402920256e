/** What is said of a payload, and whose names a document holds: a target, or a refusal in a few words. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdapterError } from '../../../src/errors.ts';
import { grpcBindingOf, seldonServices } from '../../../src/inference/grpc-bindings.ts';
import { protocols } from '../../../src/inference/protocols.ts';
import { openApi } from '../../../src/inference/seldon/openapi.ts';
import {
  grpcFeedbackTargets,
  grpcTargets,
  restTargets,
  type TargetOf,
} from '../../../src/inference/targets.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constant('x'.repeat(100_000)),
  fc.constantFrom(
    ...['', '__proto__', 'constructor', 'toString', '..', '/', 'a.b', 'seldon.protos.Feedback'],
    ...['seldon.protos.SeldonMessage', 'inference.ModelInferRequest'],
    'tensorflow.serving.PredictRequest',
  ),
);
const contentType = fc.option(
  fc.oneof(
    text,
    fc.constantFrom('application/json', 'application/x-protobuf; x', 'application/octet-stream'),
  ),
  { nil: undefined },
);
const told = fc.record({
  contentType,
  protoName: fc.option(text, { nil: undefined }),
  model: fc.option(text, { nil: undefined }),
});

const targets = Object.values(protocols).flatMap((protocol): [string, TargetOf][] => [
  [`${protocol.name} over REST`, restTargets(protocol, 'iris')],
  ...seldonServices.flatMap((service): [string, TargetOf][] => {
    const binding = grpcBindingOf(protocol.name, service);
    return [
      [`${protocol.name} over gRPC (${service})`, grpcTargets(protocol, binding, 'iris')],
      [`feedback of ${protocol.name} (${service})`, grpcFeedbackTargets(binding)],
    ];
  }),
]);

describe('a payload of any content type, proto-name and model', () => {
  it.each(targets)('%s: has a target, or is refused in a few words', (_, targetOf) => {
    fc.assert(
      fc.property(told, (payload) => {
        try {
          const target = targetOf(payload);
          expect(typeof target.path).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(AdapterError);
          expect((error as AdapterError).code).toBe('PAYLOAD_UNSUPPORTED');
          expect((error as AdapterError).message.length).toBeLessThan(2_000);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('in the path: leads to the same path or to none, never by a dot segment', () => {
    const part = fc.oneof(
      fc.constantFrom('/', '.', '..', '%2e', '%2E', '%2f', '\\', ':', ';', '#', 'versions', 'm'),
      fc.stringMatching(/^[\x21-\x3e\x40-\x7e]{0,6}$/),
    );
    const names = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(names, (model) => {
        for (const path of [`/v2/models/${model}/infer`, `/v1/models/${model}:predict`]) {
          const protocol = path.startsWith('/v2') ? protocols.v2 : protocols.tensorflow;
          const found = protocol.modelOfPath(path);
          if (found === false || found === undefined) continue;
          const target = protocol.predictionPath(found);
          const segments = target.split('/');
          expect(segments.length).toBe(path.replace('/:predict', ':predict').split('/').length);
          expect(segments.filter((one) => /^(?:\.|%2e){1,2}$/i.test(one))).toEqual([]);
          expect(target).not.toMatch(/[?#]/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the seldon protocol's OpenAPI document", () => {
  it('is JSON that names whom it describes, whatever they are called', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (sdep, namespace) => {
        const document = JSON.parse(openApi({ sdep, namespace })) as {
          readonly openapi: string;
          readonly info: { readonly title: string };
          readonly paths: object;
        };
        expect(document.openapi).toBe('3.0.3');
        expect(document.info.title).toBe(`${sdep} in ${namespace}`);
        expect(Object.keys(document.paths)).toContain('/api/v1.0/predictions');
      }),
    );
  });
});
