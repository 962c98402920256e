import { describe, expect, it } from 'vitest';
import type {
  CallWithinDeadline,
  DeadlineCall,
} from '../../../src/delivery/call-within-deadline.ts';
import {
  createDispatch,
  type DispatchOptions,
  type Input,
} from '../../../src/delivery/dispatch.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { AdapterError } from '../../../src/errors.ts';
import { createReplyFactory, type Origin } from '../../../src/event/reply.ts';
import { protocols } from '../../../src/inference/protocols.ts';
import { restTargets } from '../../../src/inference/targets.ts';
import { bytes, event } from '../event/messages.ts';

const identity = { sdep: 'iris', namespace: 'default', predictor: 'main' };
const wallTime = Date.parse('2026-06-01T12:00:00Z');
const payload = bytes('{"data":1}');
const originOf = (parts: Parameters<typeof event>[0] = {}): Origin => ({
  kind: 'event',
  event: event(parts),
});
const good: PredictionAnswer = {
  status: 200,
  contentType: 'application/json; charset=utf-8',
  contentEncoding: undefined,
  puid: undefined,
  retryAfterMs: undefined,
  body: bytes('{"answer":1}'),
};

async function dispatch(
  input: Partial<Input> = {},
  options: Partial<DispatchOptions> = {},
  predictor: Partial<PredictionAnswer> | Error = {},
) {
  const calls: DeadlineCall[] = [];
  const feedbacks: DeadlineCall[] = [];
  const recordedIn =
    (list: DeadlineCall[]): CallWithinDeadline =>
    async (made) => {
      list.push(made);
      if (predictor instanceof Error) throw predictor;
      return { ...good, ...predictor };
    };
  const call = recordedIn(calls);
  const feedback = recordedIn(feedbacks);
  const replies = createReplyFactory({ identity, source: undefined, propagate: [] });
  const run = createDispatch(
    {
      identity,
      targetOf: restTargets(protocols.seldon, options.model),
      feedbackTargetOf: restTargets(protocols.seldon, options.model),
      model: undefined,
      predictorUrl: 'http://model:9000',
      eventTypes: new Set(),
      responseId: 'derived',
      ...options,
    },
    { call, feedback, replies, wallClock: () => wallTime, randomId: () => 'random-id' },
  );
  const outcome = await run({
    origin: originOf(),
    payload,
    contentType: 'application/json',
    model: undefined,
    puid: undefined,
    headers: [],
    deadline: 1_000,
    ...input,
  });
  return { outcome, calls, feedbacks, derived: replies.id(input.origin ?? originOf(), undefined) };
}
/** The headers of a call by name; a name twice would be a fault. */
const headersOf = (call: DeadlineCall | undefined): Record<string, string> => {
  const entries = (call?.headers ?? []).flatMap((name, index, all) =>
    index % 2 === 0 ? [[name, all[index + 1] ?? ''] as const] : [],
  );
  expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length);
  return Object.fromEntries(entries);
};

describe('what is not predicted on', () => {
  it.each(['seldon.iris.default.response', 'seldon.iris.default.error'])(
    'our own %s is skipped, whatever EVENT_TYPES says: it would loop',
    async (type) => {
      for (const eventTypes of [new Set<string>(), new Set([type])]) {
        const { outcome, calls } = await dispatch({ origin: originOf({ type }) }, { eventTypes });
        expect(outcome).toEqual({ kind: 'skipped', reason: 'own-type' });
        expect(calls).toHaveLength(0);
      }
    },
  );

  it.each([
    'seldon.iris.default.request',
    'seldon.wine.default.response',
    'seldon.iris.default.response.x',
    'SELDON.IRIS.DEFAULT.RESPONSE',
  ])('%s is not ours and is predicted on', async (type) => {
    const { outcome } = await dispatch({ origin: originOf({ type }) });
    expect(outcome.kind).toBe('replied');
  });

  it('EVENT_TYPES narrows what is taken', async () => {
    const eventTypes = new Set(['a.request']);
    const taken = await dispatch({ origin: originOf({ type: 'a.request' }) }, { eventTypes });
    const left = await dispatch({ origin: originOf({ type: 'b.request' }) }, { eventTypes });
    expect(taken.outcome.kind).toBe('replied');
    expect(left.outcome).toEqual({ kind: 'skipped', reason: 'unwanted-type' });
  });

  it('EVENT_TYPES says nothing of raw records', async () => {
    const raw = { topic: 't', partition: 0, offset: 1, timestamp: '1' };
    const eventTypes = new Set(['a']);
    const { outcome } = await dispatch({ origin: { kind: 'raw', raw } }, { eventTypes });
    expect(outcome.kind).toBe('replied');
  });

  it.each([undefined, new Uint8Array()])('an input without payload is refused', async (nothing) => {
    const { outcome, calls } = await dispatch({ payload: nothing });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'PAYLOAD_MISSING' } });
    expect(calls).toHaveLength(0);
  });

  it('is skipped before anything is said of its payload', async () => {
    const type = 'seldon.iris.default.response';
    const { outcome } = await dispatch({ origin: originOf({ type }), payload: undefined });
    expect(outcome.kind).toBe('skipped');
  });
});

describe('the call', () => {
  it('gets the very bytes that came in', async () => {
    const { calls } = await dispatch();
    expect(calls[0]?.body).toBe(payload);
  });

  it('gets the deadline, the content type and the further headers of the input', async () => {
    const headers = ['traceparent', '00-1-2-01'];
    const { calls } = await dispatch({
      contentType: 'application/x-ndjson',
      headers,
      deadline: 77,
    });
    expect(calls[0]?.deadline).toBe(77);
    expect(headersOf(calls[0])).toMatchObject({
      'content-type': 'application/x-ndjson',
      traceparent: '00-1-2-01',
    });
  });

  it('is said to hold JSON where nobody said what it holds', async () => {
    const { calls } = await dispatch({ contentType: undefined });
    expect(headersOf(calls[0])['content-type']).toBe('application/json');
  });

  it('goes to the model of the route, else to the configured one', async () => {
    const options = { targetOf: restTargets(protocols.v2, 'iris'), model: 'iris' };
    const configured = await dispatch({}, options);
    const routed = await dispatch({ model: 'wine' }, options);
    expect(configured.calls[0]?.path).toBe('/v2/models/iris/infer');
    expect(routed.calls[0]?.path).toBe('/v2/models/wine/infer');
    const ids = [configured, routed].map(({ outcome }) =>
      outcome.kind === 'replied' ? outcome.reply.id : undefined,
    );
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe('the reply', () => {
  it("has the predictor's bytes and content type, and the time of day", async () => {
    const { outcome } = await dispatch();
    if (outcome.kind !== 'replied') throw new Error(outcome.kind);
    expect(outcome.reply.data).toBe(good.body);
    expect(outcome.reply.datacontenttype).toBe('application/json; charset=utf-8');
    expect(outcome.reply.attributes.get('time')).toBe('2026-06-01T12:00:00.000Z');
  });

  const ours = { puid: "caller's" };
  const theirs = { puid: "predictor's" };
  it.each([
    ['derived', {}, {}, 'derived', 'derived'],
    ['derived', ours, theirs, 'derived', "caller's"],
    ['derived', {}, theirs, 'derived', "predictor's"],
    ['puid', ours, theirs, "caller's", "caller's"],
    ['puid', {}, theirs, "predictor's", "predictor's"],
    ['puid', {}, {}, 'derived', 'derived'],
    ['random', ours, theirs, 'random-id', "caller's"],
    ['random', {}, {}, 'random-id', 'derived'],
  ] as const)(
    'RESPONSE_ID=%s with puids %j and %j has the id %s and the puid %s',
    async (responseId, input, answer, id, puid) => {
      const { outcome, calls, derived } = await dispatch(input, { responseId }, answer);
      const told = (word: string): string => (word === 'derived' ? derived : word);
      expect(outcome).toMatchObject({ kind: 'replied', puid: told(puid), reply: { id: told(id) } });
      const sent = 'puid' in input ? input.puid : derived;
      expect(headersOf(calls[0])['seldon-puid']).toBe(sent);
    },
  );
});

describe('a fault', () => {
  it('of the answer is the outcome, by its class', async () => {
    const { outcome } = await dispatch({}, {}, { status: 422, body: bytes('bad shape') });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'PREDICTOR_REFUSED', status: 422 },
    });
    if (outcome.kind === 'failed') {
      expect(outcome.error.message).toContain('http://model:9000/predict');
    }
  });

  it('of the call is the outcome, unchanged', async () => {
    const error = new AdapterError('DEADLINE_EXCEEDED', 'm');
    const { outcome } = await dispatch({}, {}, error);
    expect(outcome.kind === 'failed' && outcome.error).toBe(error);
  });

  it('that nobody expected is INTERNAL: dispatch never rejects', async () => {
    const { outcome } = await dispatch({}, {}, new TypeError('oops'));
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'INTERNAL' } });
  });
});

describe('feedback', () => {
  const origin = originOf({ type: 'seldon.iris.default.feedback' });

  it('is taken to the nodes and accepted, whatever EVENT_TYPES says, and never predicted on', async () => {
    const eventTypes = new Set(['others.only']);
    const { outcome, calls, feedbacks, derived } = await dispatch({ origin }, { eventTypes });
    expect(outcome).toEqual({ kind: 'accepted' });
    expect(calls).toEqual([]);
    expect(feedbacks).toMatchObject([{ body: payload, deadline: 1_000 }]);
    expect(feedbacks[0]?.headers).toEqual([
      'content-type',
      'application/json',
      'seldon-puid',
      derived,
    ]);
  });

  it('fails as a prediction does, with the node that it failed at', async () => {
    const where = 'node "a" (h:1) at /send-feedback';
    const { outcome } = await dispatch({ origin }, {}, { status: 404, where });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'PREDICTOR_MISCONFIGURED',
        message: expect.stringContaining(`${where} answered 404; check the node's endpoint`),
      },
    });
    const empty = await dispatch({ origin, payload: undefined });
    expect(empty.outcome).toMatchObject({ error: { code: 'PAYLOAD_MISSING' } });
    const broken = await dispatch({ origin }, {}, new AdapterError('PREDICTOR_FAILED', 'x'));
    expect(broken.outcome).toMatchObject({ error: { code: 'PREDICTOR_FAILED' } });
  });
});
