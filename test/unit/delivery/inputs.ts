/** Inputs and outcomes of the core, for tests of what stands around dispatch. */

import type { Input } from '../../../src/delivery/dispatch.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';
import { AdapterError } from '../../../src/errors.ts';
import { bytes, event } from '../event/messages.ts';

/** An event with a payload of JSON, whose deadline is far away. */
export function eventInput(
  parts: Parameters<typeof event>[0] = {},
  more: Partial<Input> = {},
): Input {
  return {
    origin: { kind: 'event', event: event({ id: 'q1', source: '/s', ...parts }) },
    payload: bytes('{"data":1}'),
    contentType: 'application/json',
    model: undefined,
    puid: undefined,
    headers: [],
    deadline: 30_000,
    ...more,
  };
}

export const replied = (id: string, data = bytes('{"answer":1}')): Outcome => ({
  kind: 'replied',
  reply: event({ id, source: 'seldon.iris.default', data }),
  puid: `puid of ${id}`,
});

export const failedWith = (code: AdapterError['code']): Outcome => ({
  kind: 'failed',
  error: new AdapterError(code, 'it failed'),
});
