/** Rows of how the adapter is deployed: behind TLS, asking for tokens, with a sink for its replies. */

import { onTestFinished } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { ceHeaders, irisPayloads, openAdapter } from '../../support/adapter.ts';
import { createAuthority } from '../../support/certificates.ts';
import { openFaultSink, type SinkAct } from '../../support/fault-sink.ts';
import { temporaryFile } from '../../support/run-produce.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { type FaultRow, irisEvent } from './fault-rows.ts';
import { failed, refused, transient } from './problems.ts';

const authority = createAuthority('the authority of the dispatchers');
const certificate = authority.issue({ name: 'adapter', hosts: ['127.0.0.1'] });

/** A dispatcher that trusts the status' CACerts; the predictor answers with this status. */
const overTls = (what: string, status: number, expected: FaultRow['expected']): FaultRow => ({
  ...{ group: 'over TLS', what, expected },
  bringAbout: async ({ settings, deliver }) => {
    const adapter = await openAdapter({
      TLS_CERT_FILE: await temporaryFile(certificate.certPem),
      TLS_KEY_FILE: await temporaryFile(certificate.keyPem),
      ...settings,
    });
    if (status !== 200) adapter.iris.faults.status = status;
    return deliver(adapter, irisEvent(), { ca: authority.certPem });
  },
});

type Showing = (issuer: TokenIssuer) => string | undefined;

const withTokens = (what: string, token: Showing, expected: FaultRow['expected']): FaultRow => ({
  ...{ group: 'with OIDC', what, expected },
  bringAbout: async ({ settings, deliver }) => {
    const issuer = await startTokenIssuer();
    onTestFinished(() => issuer.close());
    const adapter = await openAdapter({
      ...{ OIDC_ISSUER: issuer.issuer, OIDC_SUBJECTS: 'system:serviceaccount:tests:caller' },
      ...settings,
    });
    const shown = token(issuer);
    const headers = shown === undefined ? {} : { authorization: `Bearer ${shown}` };
    return deliver(adapter, irisEvent(), { headers });
  },
});

/** The issuer was away from the start on, so that none of its keys is known. */
const issuerAway: FaultRow = {
  ...{ group: 'with OIDC', what: 'the issuer cannot be reached' },
  expected: { status: 503, code: 'ISSUER_UNREACHABLE', fault: 'unavailable', retriable: true },
  bringAbout: async ({ settings, deliver }) => {
    const issuer = await startTokenIssuer();
    const token = issuer.token();
    await issuer.close();
    const adapter = await openAdapter({ OIDC_ISSUER: issuer.issuer, ...settings });
    return deliver(adapter, irisEvent(), { headers: { authorization: `Bearer ${token}` } });
  },
};

const noKey = { status: 401, fault: 'caller', code: 'TOKEN_REFUSED', retriable: false } as const;
const notAllowed = { ...noKey, status: 403, code: 'SUBJECT_NOT_ALLOWED' } as const;
const late = { ...transient, status: 504, code: 'DEADLINE_EXCEEDED' };

/** Replies go to a sink, which does this each time. */
const toSink = (
  what: string,
  act: SinkAct,
  expected: FaultRow['expected'],
  more: Readonly<Record<string, string>> = {},
): FaultRow => ({
  ...{ group: 'with K_SINK', what, expected },
  bringAbout: async ({ settings, deliver }) => {
    const sink = await openFaultSink(() => act);
    const adapter = await openAdapter({
      ...{ K_SINK: sink.url, SINK_RETRY: '1', SINK_BACKOFF_DELAY: 'PT0.005S' },
      ...more,
      ...settings,
    });
    return deliver(adapter, irisEvent());
  },
});

export const edgeRows: readonly FaultRow[] = [
  overTls('a prediction', 200, 'reply'),
  overTls('the predictor answers 422', 422, refused(422)),
  overTls('the predictor answers 500', 500, failed),
  withTokens('the token is valid', (issuer) => issuer.token(), 'reply'),
  withTokens('there is no token', () => undefined, noKey),
  withTokens('the token has expired', (issuer) => issuer.token({ exp: 1 }), noKey),
  withTokens(
    'the subject is not allowed',
    (issuer) => issuer.token({ sub: 'system:serviceaccount:tests:other' }),
    notAllowed,
  ),
  issuerAway,
  toSink('the sink takes the reply', 202, 'taken'),
  toSink(
    'the sink answers 200, with an event',
    {
      ...{ status: 200, headers: ceHeaders({ 'ce-type': 'leaked' }), body: irisPayloads.seldon },
    },
    'taken',
  ),
  ...[400, 413, 500, 301].map((status) =>
    toSink(`the sink answers ${status}`, status, { ...transient, code: 'SINK_FAILED' }),
  ),
  {
    ...{ group: 'with K_SINK', what: 'nothing listens there' },
    expected: { ...transient, code: 'SINK_UNREACHABLE' },
    bringAbout: async ({ settings, deliver }) => {
      const adapter = await openAdapter({
        ...{ K_SINK: `http://127.0.0.1:${await findFreePort()}`, SINK_RETRY: '0' },
        ...settings,
      });
      return deliver(adapter, irisEvent());
    },
  },
  toSink('the sink is late', 'hang', late, { REQUEST_TIMEOUT_MS: '400' }),
  {
    ...toSink('the predictor answers 500: no reply', 202, failed),
    bringAbout: async ({ settings, deliver }) => {
      const sink = await openFaultSink();
      const adapter = await openAdapter({ K_SINK: sink.url, ...settings });
      adapter.iris.faults.status = 500;
      return deliver(adapter, irisEvent());
    },
  },
];
