import { describe, expect, test } from 'vitest';
import type { DeadlineCall } from '../../../src/delivery/call-within-deadline.ts';
import {
  createCallNode,
  createGraphCall,
  type GraphRequest,
} from '../../../src/delivery/graph-call.ts';
import type { PredictionAnswer } from '../../../src/delivery/ports.ts';
import { createWalk, unitOf } from '../../../src/graph/walk.ts';
import { protocols } from '../../../src/inference/protocols.ts';
import { bytes, text } from '../event/messages.ts';
import { parsed } from '../graph/graph-case.ts';

const good: PredictionAnswer = {
  status: 200,
  contentType: 'application/json; charset=utf-8',
  contentEncoding: undefined,
  puid: 'of the node',
  retryAfterMs: undefined,
  body: bytes('{"data":{}}'),
};

function graphOf(answers: Readonly<Record<string, Partial<PredictionAnswer>>> = {}) {
  const calls: (DeadlineCall & { readonly node: string })[] = [];
  const copies: string[] = [];
  const { root, images } = parsed({
    name: 'r',
    type: 'ROUTER',
    children: [{ name: 't', type: 'TRANSFORMER', children: [{ name: 'm' }] }],
  });
  const callNode = createCallNode(
    'seldon',
    async ({ name }, call) => {
      calls.push({ ...call, node: name });
      return { ...good, ...(name === 'r' && { body: bytes('[0]') }), ...answers[name] };
    },
    (kind, node, message) => copies.push(`${kind} ${node.name} ${text(message.body)}`),
  );
  const call = createGraphCall(
    { protocol: protocols.seldon, root: unitOf(root, images) },
    createWalk<GraphRequest>({ protocol: 'seldon' }, { callNode, random: () => 0 }),
  );
  const made = {
    path: '/predict',
    headers: ['content-type', 'text/csv', 'seldon-puid', 'p1', 'traceparent', 'tp'],
    body: bytes('1,2'),
    deadline: 500,
  };
  const run = (more: Partial<DeadlineCall> = {}) => call({ ...made, ...more });
  return { calls, copies, run };
}

describe('a graph in the place of a predictor', () => {
  test('is one call: each node has its deadline, its headers, and the type of its own message', async () => {
    const { calls, run } = graphOf();
    const answer = await run();
    expect(calls.map(({ node, path, deadline }) => [node, path, deadline])).toEqual([
      ['r', '/route', 500],
      ['t', '/transform-input', 500],
      ['m', '/predict', 500],
    ]);
    const rest = ['seldon-puid', 'p1', 'traceparent', 'tp'];
    expect(calls.map(({ headers }) => headers)).toEqual([
      ['content-type', 'text/csv', ...rest],
      ['content-type', 'text/csv', ...rest],
      ['content-type', 'application/json; charset=utf-8', ...rest],
    ]);
    expect(answer).toMatchObject({ status: 200, contentType: good.contentType, puid: 'p1' });
  });

  test('says how the body is encoded for as long as it is the caller’s', async () => {
    const { calls, run } = graphOf();
    const gzip = ['content-encoding', 'gzip', 'accept-encoding', 'gzip', 'content-length', '3'];
    await run({ headers: ['content-type', 'a/b', ...gzip] });
    const encoding = ['content-encoding', 'gzip'];
    expect(calls.map(({ headers }) => headers)).toEqual([
      ['content-type', 'a/b', ...encoding],
      ['content-type', 'a/b', ...encoding],
      ['content-type', good.contentType],
    ]);
  });

  test("answers with a failing node's own answer, and whose it is", async () => {
    const { calls, run } = graphOf({ t: { status: 418, body: bytes('teapot') } });
    const answer = await run();
    expect([answer.status, text(answer.body)]).toEqual([418, 'teapot']);
    expect(answer.where).toBe('node "t" (localhost:9000) at /transform-input');
    expect(calls).toHaveLength(2);
  });

  test.each([
    ['without a body', { body: bytes('') }, 'without a body'],
    ['that is compressed', { contentEncoding: 'gzip' }, 'with the content encoding gzip'],
  ])('throws where a node succeeds with an answer %s', async (_, answer, told) => {
    await expect(graphOf({ t: answer }).run()).rejects.toMatchObject({
      code: 'PREDICTOR_ANSWER_UNUSABLE',
      message: expect.stringMatching(new RegExp(`^node "t".* answered 200 ${told}`)),
    });
  });

  test('copies what went into nodes and came out, but not how routers chose', async () => {
    const { copies, run } = graphOf({ m: { status: 500 } });
    await run();
    expect(copies).toEqual(['request t 1,2', 'response t {"data":{}}', 'request m {"data":{}}']);
  });
});
