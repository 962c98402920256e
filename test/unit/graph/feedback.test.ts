import { describe, expect, test } from 'vitest';
import { createFeedback } from '../../../src/graph/feedback.ts';
import type { Message } from '../../../src/graph/message.ts';
import { unitOf } from '../../../src/graph/walk.ts';
import type { ProtocolName } from '../../../src/inference/protocol.ts';
import { failed, type NodeSpec, parsed } from './graph-case.ts';

const model = (name: string): NodeSpec => ({ name, type: 'MODEL' });
const router: NodeSpec = {
  name: 'r',
  type: 'ROUTER',
  children: [
    { name: 't', type: 'TRANSFORMER', children: [model('a')] },
    { name: 'c', type: 'COMBINER', children: [model('b'), model('d')] },
  ],
};
const withRouting = (routing: object, reward: unknown = 0.5) =>
  JSON.stringify({ response: { meta: { routing } }, reward });

async function told(
  spec: NodeSpec,
  text: string,
  fails: Readonly<Record<string, number>> = {},
  protocol: ProtocolName = 'seldon',
) {
  const calls: string[] = [];
  const rewards: [string, number][] = [];
  const passed: string[] = [];
  const feedback = createFeedback<string>(protocol, {
    callNode: async ({ node, call, message }) => {
      calls.push(`${node.name}/${call}`);
      expect(Buffer.from(message.body).toString()).toBe(text);
      const status = fails[node.name];
      if (status !== undefined) return failed(status);
      return { ...message, body: Buffer.from(`"by ${node.name}"`) };
    },
    rewarded: ({ name }, reward) => rewards.push([name, reward]),
    passed: ({ name }) => passed.push(name),
  });
  const { root, images } = parsed(spec);
  const message: Message = {
    body: Buffer.from(text),
    contentType: 'application/json',
    contentEncoding: undefined,
  };
  const end = await feedback(unitOf(root, images), message, 'request');
  const text2 = 'failed' in end ? end.failed.status : Buffer.from(end.body).toString();
  return { calls, rewards, passed, answer: text2 };
}

describe('feedback goes down the path of the prediction', () => {
  test('to the routed child, to models and routers, children first, bytes untouched', async () => {
    const { calls, rewards, answer } = await told(router, withRouting({ r: 0 }));
    expect(calls).toEqual(['a/send-feedback', 'r/send-feedback']);
    expect(rewards).toEqual([
      ['a', 0.5],
      ['r', 0.5],
    ]);
    expect(answer).toBe('"by r"');
  });

  test.each([
    [{ r: 1, c: -1 }, ['b', 'd', 'r']],
    [{ r: 1 }, ['b', 'd', 'r']],
    [{}, ['a', 'b', 'd', 'r']],
    [{ r: -1 }, ['a', 'b', 'd', 'r']],
    [{ r: -2 }, ['r']],
  ])('where routing is %j', async (routing, names) => {
    const { rewards } = await told(router, withRouting(routing));
    expect(rewards.map(([name]) => name)).toEqual(names);
  });

  test('to what has the method, whatever its type', async () => {
    const spec = { name: 't', type: 'TRANSFORMER', methods: ['SEND_FEEDBACK'] };
    expect((await told(spec, '{}')).calls).toEqual(['t/send-feedback']);
  });

  test('and is answered where nobody takes it', async () => {
    const spec = { name: 't', type: 'TRANSFORMER' };
    const { calls, passed, answer } = await told(spec, '{"reward":-1}');
    expect({ calls, passed }).toEqual({ calls: [], passed: ['t'] });
    expect(answer).toBe('{"status":{"status":"SUCCESS"}}');
  });

  test('by the lowest child that answers, where the root takes none', async () => {
    const spec = { name: 't', type: 'TRANSFORMER', children: [model('a'), model('b')] };
    expect((await told(spec, '{}')).answer).toBe('"by a"');
  });

  test('is counted, but sent to no node, in the other protocols', async () => {
    const { calls, rewards } = await told(router, withRouting({ r: 0 }, 2), {}, 'v2');
    expect(calls).toEqual([]);
    expect(rewards).toEqual([
      ['a', 2],
      ['r', 2],
    ]);
  });
});

describe('feedback that fails', () => {
  test('tells the lowest child; its parent is not told, the others are', async () => {
    const { calls, rewards, answer } = await told(router, withRouting({}), { d: 500, b: 404 });
    expect(calls).toEqual(['a', 'b', 'd'].map((name) => `${name}/send-feedback`));
    expect(rewards).toEqual([['a', 0.5]]);
    expect(answer).toBe(404);
  });

  test.each([
    ['', 'a JSON object'],
    ['[]', 'a JSON object'],
    ['{', 'a JSON object'],
    ['{"reward":"1"}', 'reward is no number'],
    [withRouting({ r: 2 }), '"r" chose child 2, but it has 2 children'],
    [withRouting({ r: 'a' }), '"r" chose child "a", but'],
    [withRouting({ r: 0.5 }), '"r" chose child 0.5, but'],
    [withRouting({ r: null }), '"r" chose child null, but'],
  ])('because of what it is, is refused for good: %s', async (text, reason) => {
    await expect(told(router, text)).rejects.toMatchObject({
      code: 'REQUEST_MALFORMED',
      fault: 'record',
      message: expect.stringContaining(reason),
    });
  });

  test('does not, whatever names its routing holds', async () => {
    const odd = '{"response":{"meta":{"routing":{"__proto__":1,"toString":7}}}}';
    expect((await told(router, odd)).rewards).toHaveLength(4);
  });
});
