import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdapterError } from '../../../src/errors.ts';
import { createReplyFactory, type Origin, type ReplyOptions } from '../../../src/event/reply.ts';
import { bytes, event, text } from './messages.ts';

const identity = { sdep: 'iris', namespace: 'default', predictor: 'main' };
const factory = (options: Partial<ReplyOptions> = {}) =>
  createReplyFactory({ identity, source: undefined, propagate: [], ...options });
const originOf = (parts: Parameters<typeof event>[0]): Origin => ({
  kind: 'event',
  event: event(parts),
});
const raw = { topic: 't', partition: 0, offset: 0, timestamp: '5' };
const content = {
  id: 'r1',
  time: '2026-01-01T00:00:00.000Z',
  contentType: 'application/json',
  body: bytes('{}'),
};

describe('the id of a reply', () => {
  const request = originOf({ id: '1', source: '/s' });

  it('is the same for the same request, whatever else it carries', () => {
    const again = originOf({ id: '1', source: '/s', type: 'other', attributes: { time: 'x' } });
    expect(factory().id(again, 'm')).toBe(factory().id(request, 'm'));
  });

  const others: [string, string][] = [
    ['predictor', factory({ identity: { ...identity, predictor: 'canary' } }).id(request, 'm')],
    ['deployment', factory({ identity: { ...identity, sdep: 'wine' } }).id(request, 'm')],
    ['namespace', factory({ identity: { ...identity, namespace: 'prod' } }).id(request, 'm')],
    ['model', factory().id(request, 'n')],
    ['absence of a model', factory().id(request, undefined)],
    ['id', factory().id(originOf({ id: '2', source: '/s' }), 'm')],
    ['source', factory().id(originOf({ id: '1', source: '/t' }), 'm')],
    ['split between source and id', factory().id(originOf({ id: '', source: '/s1' }), 'm')],
  ];
  it.each(others)('is never shared with another %s', (_what, id) => {
    expect(id).not.toBe(factory().id(request, 'm'));
  });

  it('of a raw record is that of its coordinates, and of all of them', () => {
    const id = (change: Partial<typeof raw>) =>
      factory().id({ kind: 'raw', raw: { ...raw, ...change } }, 'm');
    const ids = [{}, { topic: 'u' }, { partition: 1 }, { offset: 1 }, { timestamp: '6' }].map(id);
    expect(new Set(ids).size).toBe(5);
    expect(id({})).toBe(id({}));
  });

  it('does not depend on RESPONSE_SOURCE or on what is carried over', () => {
    const other = factory({ source: 'urn:x', propagate: ['a'] });
    expect(other.id(request, 'm')).toBe(factory().id(request, 'm'));
  });
});

describe('a reply event', () => {
  const request = originOf({
    specversion: '0.3',
    id: 'q1',
    source: '/s',
    type: 'a.request',
    attributes: {
      time: '2000-01-01T00:00:00Z',
      subject: 'flower',
      traceparent: '00-1-1-01',
      tracestate: 'a=b',
      partitionkey: 'k',
      replyid: 'x',
      tenant: 7,
      other: 'stays behind',
      knativearrivaltime: 'stays behind',
    },
  });

  it('has the type and source of its deployment, and its own time and content type', () => {
    const reply = factory().reply(request, content);
    expect(reply).toMatchObject({
      id: 'r1',
      source: 'seldon.iris.default',
      type: 'seldon.iris.default.response',
      datacontenttype: 'application/json',
    });
    expect(reply.attributes.get('time')).toBe(content.time);
    expect(reply.data).toBe(content.body);
  });

  it('keeps the specversion of its request, and is 1.0 where there was no event', () => {
    expect(factory().reply(request, content).specversion).toBe('0.3');
    expect(factory().reply({ kind: 'raw', raw }, content).specversion).toBe('1.0');
  });

  it('carries over what tracing and partitioning need, what was asked for, and nothing else', () => {
    const reply = factory({ propagate: ['tenant', 'absent'] }).reply(request, content);
    expect(Object.fromEntries(reply.attributes)).toEqual({
      time: content.time,
      subject: 'flower',
      traceparent: '00-1-1-01',
      tracestate: 'a=b',
      partitionkey: 'k',
      replyid: 'x',
      tenant: 7,
      causationid: 'q1',
      correlationid: 'q1',
    });
  });

  it('keeps the correlation that its request had', () => {
    const correlated = originOf({
      id: 'q1',
      attributes: { correlationid: 'c9', causationid: 'q0' },
    });
    const { attributes } = factory().reply(correlated, content);
    expect(attributes.get('correlationid')).toBe('c9');
    expect(attributes.get('causationid')).toBe('q1');
  });

  it("is known by Knative's RequestReply: its replyid is the correlationid of what was asked", () => {
    const asked = (attributes: Record<string, string>) =>
      Object.fromEntries(factory().reply(originOf({ attributes }), content).attributes);
    const correlationid = 'q1:c2VjcmV0:0';
    expect(asked({ correlationid })).toMatchObject({ correlationid, replyid: correlationid });
    expect(asked({ correlationid, replyid: 'x' })).toMatchObject({ correlationid, replyid: 'x' });
    expect(asked({})).not.toHaveProperty('replyid');
  });

  it('has its own time even where PROPAGATE_EXTENSIONS names time', () => {
    const reply = factory({ propagate: ['time', 'causationid'] }).reply(request, content);
    expect(reply.attributes.get('time')).toBe(content.time);
    expect(reply.attributes.get('causationid')).toBe('q1');
  });

  it('takes RESPONSE_SOURCE as its source, its type unchanged', () => {
    const reply = factory({ source: 'seldon.iris' }).reply(request, content);
    expect(reply).toMatchObject({ source: 'seldon.iris', type: 'seldon.iris.default.response' });
  });

  it('is JSON where the predictor named no content type', () => {
    const reply = factory().reply(request, { ...content, contentType: undefined });
    expect(reply.datacontenttype).toBe('application/json');
  });

  it('of a raw record has a time and nothing invented', () => {
    const reply = factory().reply({ kind: 'raw', raw }, content);
    expect(Object.fromEntries(reply.attributes)).toEqual({ time: content.time });
  });

  it('takes over no extension that is neither carried nor named', () => {
    const names = fc.stringMatching(/^[a-z][a-z0-9]{3,19}$/);
    const carried = ['traceparent', 'tracestate', 'partitionkey', 'subject', 'replyid'];
    fc.assert(
      fc.property(fc.dictionary(names, fc.string()), fc.array(names), (attributes, propagate) => {
        const reply = factory({ propagate }).reply(originOf({ attributes }), content);
        const allowed = new Set([...carried, ...propagate, 'time', 'causationid', 'correlationid']);
        for (const name of reply.attributes.keys()) expect(allowed).toContain(name);
      }),
    );
  });
});

describe('the trace of a reply', () => {
  const trace = { traceparent: '00-a-b-01', tracestate: 'x=1' };
  const traceOf = (attributes: Record<string, string>, brought = true) => {
    const told = brought ? { ...content, trace } : content;
    const reply = factory().reply(originOf({ attributes }), told);
    return [reply.attributes.get('traceparent'), reply.attributes.get('tracestate')];
  };

  it("is the event's own, else the one that its transport brought, never a mixture", () => {
    const own = { traceparent: '00-c-d-01', tracestate: 'y=2' };
    expect(traceOf(own)).toEqual(['00-c-d-01', 'y=2']);
    expect(traceOf({ traceparent: '00-c-d-01' })).toEqual(['00-c-d-01', undefined]);
    expect(traceOf({})).toEqual(['00-a-b-01', 'x=1']);
    expect(traceOf({ tracestate: 'stray' })).toEqual(['00-a-b-01', 'x=1']);
    expect(traceOf({}, false)).toEqual([undefined, undefined]);
  });
});

describe('correlation', () => {
  const correlation = { attribute: 'askid', replyAttribute: 'answerid' };
  const replied = (attributes: Record<string, string>) =>
    Object.fromEntries(
      factory({ correlation }).reply(originOf({ id: 'q', attributes }), content).attributes,
    );

  it('returns the configured attribute as the other, beside what every reply says', () => {
    expect(replied({ askid: 'r-1', correlationid: 'c-1' })).toMatchObject({
      askid: 'r-1',
      answerid: 'r-1',
      correlationid: 'c-1',
      causationid: 'q',
    });
    expect(replied({ correlationid: 'c-1' })).not.toHaveProperty('replyid');
  });

  it('leaves the reply attribute that the request has as it is', () => {
    expect(replied({ askid: 'r-1', answerid: 'mine' })).toMatchObject({ answerid: 'mine' });
  });
});

describe('an error event', () => {
  const error = new AdapterError('PREDICTOR_REFUSED', 'refused', { status: 413 });

  it('tells the problem as JSON, tied to its request', () => {
    const made = factory().error(originOf({ id: 'q1' }), error, { id: 'e1', time: content.time });
    expect(made).toMatchObject({
      id: 'e1',
      type: 'seldon.iris.default.error',
      source: 'seldon.iris.default',
      datacontenttype: 'application/problem+json',
    });
    expect(made.attributes.get('causationid')).toBe('q1');
    expect(JSON.parse(text(made.data) ?? '')).toMatchObject({
      code: 'PREDICTOR_REFUSED',
      status: 413,
      detail: 'refused',
    });
  });

  it('has an id of its own for each failure of an event, never that of its reply', () => {
    const request = originOf({ id: 'q1' });
    const other = new AdapterError('PAYLOAD_MISSING', 'none');
    const id = (made: AdapterError, model = 'm') => factory().errorId(request, model, made);
    expect(id(new AdapterError('PREDICTOR_REFUSED', 'told otherwise'))).toBe(id(error));
    const ids = [id(error), id(other), id(error, 'n'), factory().id(request, 'm')];
    expect(new Set(ids).size).toBe(4);
  });

  it('can be made of something without identity', () => {
    const made = factory().error({ kind: 'unknown' }, error, { id: 'e1', time: content.time });
    expect(made.specversion).toBe('1.0');
    expect(Object.fromEntries(made.attributes)).toEqual({ time: content.time });
  });
});
