/** The error for bytes that should be a CloudEvent and are none. */

import { AdapterError, type Problem } from '../errors.ts';

/** Names every fault at once, each with its attribute. */
export function malformedEvent(problems: readonly Problem[]): AdapterError {
  const told = problems.map(({ where, reason }) => (where === '' ? reason : `${where}: ${reason}`));
  return new AdapterError('EVENT_INVALID', `not a valid CloudEvent: ${told.join('; ')}`, {
    problems,
  });
}
