/** Over HTTP: a CloudEvent in binary mode, and an ordinary prediction request. */

import { expect } from 'vitest';
import { type Answer, ceHeaders, predictionPaths, send } from '../../support/adapter.ts';
import { wordsOf } from './stand-in.ts';
import type { Answered } from './told.ts';
import { answeredBy, eventInvalid, payloadMissing, repliedBy, type Way } from './way.ts';

export const httpEvent: Way = {
  name: 'HTTP event',
  holds: false,
  reaches: () => true,
  malformed: eventInvalid,
  send: async ({ adapter }, { mark, payload, flaw }) => {
    const headers = ceHeaders({
      'content-type': payload.contentType,
      'ce-id': flaw === 'malformed' ? undefined : mark,
      'ce-source': flaw === 'malformed' ? undefined : '/matrix',
      'ce-protoname': payload.protoName,
      'seldon-puid': mark,
    });
    const answer = await send(adapter.url, { headers, body: payload.bytes });
    if (answer.status === 200) return answeredWith(answer);
    const { code, fault, problems } = answer.json();
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['kne-seldonerrorcode']).toBe(code);
    return { kind: 'failed', status: answer.status, code, fault, words: problems };
  },
  answered: repliedBy,
  failed: (_stand, { http, code, fault, by, missing }) => {
    const places = by === undefined ? missing : ['predictor'];
    const words = places?.map((where) => expect.objectContaining({ where }));
    return { kind: 'failed', status: http, code, fault, words };
  },
};

export const plainHttp: Way = {
  name: 'plain HTTP',
  holds: false,
  reaches: () => true,
  malformed: payloadMissing,
  send: async ({ adapter, protocol }, { mark, payload, flaw }) => {
    const { contentType, protoName, bytes } = payload;
    const headers = {
      'content-type': contentType,
      ...(protoName !== undefined && { 'proto-name': protoName }),
      'seldon-puid': mark,
    };
    const body = flaw === 'malformed' ? '' : bytes;
    const answer = await send(adapter.url + predictionPaths[protocol], { headers, body });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('ce-'))).toEqual([]);
    if (answer.status === 200) return answeredWith(answer);
    return { kind: 'failed', status: answer.status, words: JSON.parse(answer.text) };
  },
  answered: answeredBy,
  failed: ({ protocol, transport }, { http, own, code, by }) => {
    // What the predictor itself answered over REST is passed on, whatever it is.
    if (by !== undefined && transport === 'rest') {
      return { kind: 'failed', status: own ?? http, words: wordsOf(by) };
    }
    const info = expect.any(String);
    const words =
      protocol === 'seldon'
        ? { status: { code: http, info, reason: code, status: 'FAILURE' } }
        : { error: info };
    return { kind: 'failed', status: http, words };
  },
};

function answeredWith({ headers, body }: Answer): Answered {
  const isEvent = headers['ce-type'] !== undefined;
  return {
    kind: 'answered',
    body,
    puid: headers['seldon-puid'],
    contentType: headers['content-type'],
    protoName: headers['proto-name'],
    event: isEvent
      ? {
          type: headers['ce-type'],
          source: headers['ce-source'],
          causationid: headers['ce-causationid'],
          protoname: headers['ce-protoname'],
        }
      : undefined,
  };
}
