/** `Seldon-Puid` of ordinary requests: the caller's or a fresh one, to the predictor and back. */

import { describe, expect, test } from 'vitest';
import { predictionPaths, protocolNames, send, useAdapter } from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

const predictor = useRecordingPredictor();
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe.each(protocolNames)('protocol %s', (protocol) => {
  const adapter = useAdapter(() => ({ SELDON_PROTOCOL: protocol, PREDICTOR_URL: predictor.url }));
  const predict = (headers: Record<string, string>, body = '{}') =>
    send(`${adapter.url}${predictionPaths[protocol]}`, { headers, body });

  test("the caller's goes there and back", async () => {
    const answer = await predict({ 'Seldon-Puid': 'mine' });
    expect(answer.headers['seldon-puid']).toBe('mine');
    expect(predictor.calls[0]?.headers['seldon-puid']).toBe('mine');
  });

  test('one is made where the caller has none, for each request its own', async () => {
    const puids = [await predict({}), await predict({})].map((one) => one.headers['seldon-puid']);
    expect(puids[0]).toMatch(uuid);
    expect(new Set(puids).size).toBe(2);
    expect(predictor.calls.map(({ headers }) => headers['seldon-puid'])).toEqual(puids);
  });

  test('a failure has it too', async () => {
    predictor.answer = (_call, response) => void response.socket?.destroy();
    expect((await predict({})).headers['seldon-puid']).toMatch(uuid);
    expect((await predict({ 'seldon-puid': 'mine' }, '')).headers['seldon-puid']).toBe('mine');
  });

  test('trace and proxy headers of the caller reach the predictor', async () => {
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-proto': 'https',
      forwarded: 'for=10.0.0.1',
      authorization: 'Bearer t',
    };
    await predict(headers);
    expect(predictor.calls[0]?.headers).toMatchObject(headers);
  });
});
