/** The one error of this folder, whatever went wrong between us and the API server. */

/** One thing that the API server found wrong, from its answer's `details.causes`. */
export interface ApiErrorCause {
  /** The field's path, where the server names one. */
  readonly field?: string;
  readonly reason: string;
  readonly message: string;
}

export interface ApiErrorDetails {
  readonly retryAfterMs?: number | undefined;
  readonly causes?: readonly ApiErrorCause[] | undefined;
}

/** Reasons beside Kubernetes' own (`NotFound`, `Conflict`, `Forbidden`, `Expired`, …), all of status 0 or 404. */
export type LocalReason =
  /** No connection, or it was lost. */
  | 'Unreachable'
  /** No answer in time. */
  | 'Timeout'
  | 'ConfigurationInvalid'
  /** The token file, exec plugin or certificate of the kubeconfig gave nothing. */
  | 'CredentialsUnavailable'
  | 'AnswerTooLarge'
  /** A name that Kubernetes does not take, or a namespace too few. */
  | 'NameInvalid'
  | 'AnswerUnusable'
  /** The cluster does not serve the kind (status 404). */
  | 'KindUnknown'
  /** The caller called it off, or the client is closed. */
  | 'Aborted';

/**
 * What the API server refused, or why it could not be asked. The message names the verb, the
 * resource, the object, and what to do; it never holds a credential or the contents of a Secret.
 */
export class KubernetesApiError extends Error {
  override readonly name = 'KubernetesApiError';
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Kubernetes' reason, or a {@link LocalReason}. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly ApiErrorCause[];

  constructor(status: number, reason: string, message: string, details: ApiErrorDetails = {}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
  }
}

/** Whether the error is an API error of this status (and reason, where given). */
export function isApiError(
  error: unknown,
  status: number,
  reason?: string,
): error is KubernetesApiError {
  return (
    error instanceof KubernetesApiError &&
    error.status === status &&
    (reason === undefined || error.reason === reason)
  );
}

/** The resource version or the list's continuation is too old: list again. */
export const isExpired = (error: unknown): boolean => isApiError(error, 410);

/** Another wrote first (`replace`), or owns the fields (`apply` without `force`), or it exists. */
export const isConflict = (error: unknown): boolean => isApiError(error, 409);

/** What passes by no waiting: what we asked, or how we are set up, is wrong. */
const lasting: ReadonlySet<string> = new Set<LocalReason>([
  'AnswerTooLarge',
  'ConfigurationInvalid',
  'NameInvalid',
]);

/** Nothing answered, or something that cannot serve now: it may pass by itself. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof KubernetesApiError)) return false;
  return error.status === 0 ? !lasting.has(error.reason) : error.status >= 500;
}
