/** Methods, targets and model names that no decent client sends. */

import { describe, expect, test } from 'vitest';
import {
  ceHeaders,
  irisPayloads,
  predictionPaths,
  type RawAnswer,
  rawRequest,
  useAdapter,
} from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';
import { expectProblem, lines, raw } from './raw-requests.ts';

describe('routes', () => {
  const adapter = useAdapter({ SELDON_PROTOCOL: 'v2' });
  const sendTo = (target: string, method = 'POST'): Promise<RawAnswer> =>
    rawRequest(
      adapter.port,
      raw({ target, method, headers: lines(ceHeaders()), body: irisPayloads.v2 }),
    );

  test.each(['PUT', 'DELETE', 'PATCH', 'GET', 'TRACE', 'PROPFIND', 'QUERY', 'SEARCH', 'LOCK'])(
    '%s on a path that takes POST is 405 and names POST',
    async (method) => {
      for (const target of ['/', predictionPaths.v2, '/?a=b']) {
        const answer = await sendTo(target, method);
        // QUERY is too new for some versions of Node, whose parser refuses it.
        if (method === 'QUERY' && answer.status === 400) continue;
        expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
        expect(answer.headerLines.map((line) => line.toLowerCase())).toContain(
          'allow: options, post',
        );
      }
    },
  );

  test('HEAD tells the same without a body', async () => {
    const answer = await sendTo('/', 'HEAD');
    expect(answer.status).toBe(405);
    expect(answer.body).toBe('');
  });

  test.each(['/livez', '/readyz', '/metrics', '/v2', '/v2/models/iris', '/v2/health/ready'])(
    'POST on %s is 405 and names GET',
    async (target) => {
      const answer = await sendTo(target);
      expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
      expect(answer.headerLines.map((line) => line.toLowerCase())).toContain(
        'allow: get, head, options',
      );
    },
  );

  test.each([
    '/nothing',
    '/V2/models/iris/infer',
    '/v2/models/iris/infer/x',
    '/v2/models/iris/nothing',
    '/v2/models/iris/versions',
    '/v2/models//infer',
    '/api/v1.0/predictions',
    '/livez/',
    '//',
    '/v3',
    '*',
  ])('POST %s is 404', async (target) => {
    const answer = await sendTo(target);
    expectProblem(answer, 404, 'ROUTE_UNKNOWN');
  });

  test.each(['/%', '/%zz', '/v2/models/%zz/infer', '/v2/models/%/infer', '/v2/models/%ff/infer'])(
    'POST %s, whose percent-encoding is none, is 400',
    async (target) => {
      expectProblem(await sendTo(target), 400, 'REQUEST_MALFORMED');
    },
  );

  test.each([
    ['http://h/', 200],
    ['http://h', 200],
    ['http://elsewhere:1234/v2/models/iris/infer', 200],
    ['HTTPS://h/v2/models/iris/infer?x=1', 200],
    ['http://h?x=1', 200],
    ['http://h/nothing', 404],
    ['ftp://h/', 404],
  ])('the absolute target %s is %i', async (target, status) => {
    expect((await sendTo(target)).status).toBe(status);
  });
});

describe('model names', () => {
  const predictor = useRecordingPredictor();
  const v2 = useAdapter(() => ({ SELDON_PROTOCOL: 'v2', PREDICTOR_URL: predictor.url }));
  const tensorflow = useAdapter(() => ({
    SELDON_PROTOCOL: 'tensorflow',
    PREDICTOR_URL: predictor.url,
  }));

  test.each([
    '/v2/models/../infer',
    '/v2/models/%2e%2e/infer',
    '/v2/models/.%2E/infer',
    '/v2/models/./infer',
    '/v2/models/a/../infer',
    '/v2/models/a/versions/../infer',
    '/v2/models/a/b/infer',
  ])('%s leads nowhere: 404, and the predictor is not called', async (target) => {
    const answer = await rawRequest(v2.port, raw({ target, body: '1' }));
    expectProblem(answer, 404, 'ROUTE_UNKNOWN');
    expect(predictor.calls).toEqual([]);
  });

  test.each(['a#b', '#', '?', 'a?b=c/infer'])(
    'nothing after %j in a target becomes part of a path',
    async (text) => {
      await rawRequest(v2.port, raw({ target: `/v2/models/${text}/infer`, body: '1' }));
      await rawRequest(tensorflow.port, raw({ target: `/v1/models/${text}:predict`, body: '1' }));
      expect(predictor.calls).toEqual([]);
    },
  );

  test.each([
    'a b'.replace(' ', '%20'),
    'm%2Fn',
    'modèle'.replace('è', '%C3%A8'),
    '~!$&()*+,;=@',
    '%25',
    'x'.repeat(5_000),
    '__proto__',
    '%0D%0AInjected',
  ])('the name %s reaches the predictor as it was sent', async (name) => {
    await rawRequest(v2.port, raw({ target: `/v2/models/${name}/infer?q=1`, body: '1' }));
    await rawRequest(tensorflow.port, raw({ target: `/v1/models/${name}:predict`, body: '1' }));
    expect(predictor.calls.map(({ path }) => path)).toEqual([
      `/v2/models/${name}/infer`,
      `/v1/models/${name}:predict`,
    ]);
  });
});
