/** Events for the tests of the page's parts. */

import type { AttributeValue, Event } from '../../../../src/event/event.ts';

export function event(
  given: Partial<Omit<Event, 'attributes' | 'data'>> & {
    readonly attributes?: Readonly<Record<string, AttributeValue>>;
    readonly data?: string | Uint8Array;
  } = {},
): Event {
  const { attributes = {}, data, ...rest } = given;
  return {
    specversion: '1.0',
    type: 't',
    source: 's',
    id: '1',
    datacontenttype: 'application/json',
    ...rest,
    attributes: new Map(Object.entries(attributes)),
    data: typeof data === 'string' ? Buffer.from(data) : data,
  };
}
