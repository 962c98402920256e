import { describe, expect, it } from 'vitest';
import { errorType, eventSource, requestType, responseType } from '../../../src/event/names.ts';

const identity = { sdep: 'iris', namespace: 'prod', predictor: 'canary' };

describe('names', () => {
  it('follow the deployment and the namespace, as Knative filters expect', () => {
    expect(eventSource(identity)).toBe('seldon.iris.prod');
    expect(responseType(identity)).toBe('seldon.iris.prod.response');
    expect(errorType(identity)).toBe('seldon.iris.prod.error');
    expect(requestType(identity)).toBe('seldon.iris.prod.request');
  });

  it('do not name the predictor: a Trigger matches all of a deployment', () => {
    const other = { ...identity, predictor: 'main' };
    expect(responseType(other)).toBe(responseType(identity));
    expect(eventSource(other)).toBe(eventSource(identity));
  });
});
