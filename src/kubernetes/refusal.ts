/** An answer that is no success, as the error it means. */

import type { Buffer } from 'node:buffer';
import { type ApiErrorCause, KubernetesApiError } from './api-error.ts';
import { type CallTarget, groupOf, inWords, isSecret } from './call-target.ts';

/** Kubernetes' `Status`, as far as it is looked at. */
interface Status {
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
}

export interface Refusal {
  readonly status: number;
  /** A `Status`, or anything else that stands before an API server. */
  readonly body: Buffer | string;
  /** As HTTP has it. */
  readonly retryAfter?: string | undefined;
}

/** More of a message helps nobody: it goes into conditions and logs. */
const longestMessage = 1_000;

export function fromRefusal(target: CallTarget, refusal: Refusal): KubernetesApiError {
  return fromStatus(target, refusal.status, parseStatus(refusal.body), refusal.retryAfter);
}

/** An `ERROR` event of a watch. */
export function fromErrorEvent(target: CallTarget, object: unknown): KubernetesApiError {
  const status = isObject(object) ? (object as Status) : {};
  const code = typeof status.code === 'number' ? status.code : 500;
  return fromStatus(target, code, status, undefined);
}

function fromStatus(
  target: CallTarget,
  code: number,
  status: Status | undefined,
  retryAfter: string | undefined,
): KubernetesApiError {
  const details = isObject(status?.details) ? status.details : {};
  const unknownKind = code === 404 && details['name'] === undefined;
  const reason = unknownKind ? 'KindUnknown' : textOf(status?.reason) || reasonOf(code);
  const said = isSecret(target) ? '' : textOf(status?.message).slice(0, longestMessage);
  const what = [
    `cannot ${target.verb} ${inWords(target)}`,
    reason,
    said,
    adviceOn(code, target, unknownKind),
  ];
  const seconds = retryAfter !== undefined ? Number(retryAfter) : details['retryAfterSeconds'];
  return new KubernetesApiError(code, reason, what.filter((part) => part !== '').join(': '), {
    retryAfterMs:
      typeof seconds === 'number' && seconds > 0 && seconds < 3_600 ? seconds * 1_000 : undefined,
    causes: isSecret(target) ? [] : causesOf(details['causes']),
  });
}

function adviceOn(code: number, target: CallTarget, unknownKind: boolean): string {
  const { apiVersion, namespace, plural, subresource, verb } = target;
  const group = groupOf(apiVersion);
  if (unknownKind) return `the cluster does not serve ${apiVersion} ${plural}: install its CRD`;
  switch (code) {
    case 401:
      return 'the credentials were refused: check the service account or the kubeconfig';
    case 403: {
      const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
      const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
      return `if it is RBAC's, allow "${verb}" on "${resource}" of API group "${group}" ${where}`;
    }
    case 409:
      return 'another has written it: read it again';
    case 410:
      return 'too old: list again';
    case 413:
    case 422:
      return 'correct the object';
    case 429:
      return 'the API server is overloaded: trying again later';
    default:
      return code >= 500 ? 'the API server failed: trying again later' : '';
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const reasonOf = (code: number): string => reasons[code] ?? `HTTP ${code}`;

/** What is no Status (a proxy's page, say) is not repeated: nobody knows what is in it. */
function parseStatus(body: Buffer | string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) && value['kind'] === 'Status' ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}

function causesOf(causes: unknown): ApiErrorCause[] {
  if (!Array.isArray(causes)) return [];
  return causes.filter(isObject).map((cause) => ({
    reason: textOf(cause['reason']),
    message: textOf(cause['message']).slice(0, longestMessage),
    ...(typeof cause['field'] === 'string' && { field: cause['field'] }),
  }));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
