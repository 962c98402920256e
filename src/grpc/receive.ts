/**
 * Bounds what a caller may send, and how long it may take: the library bounds the message alone,
 * and in words that name no setting of ours.
 */

import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';

export interface ReceiveOptions {
  readonly maxBodyBytes: number;
  /** How long a caller may take to send its message, in ms. */
  readonly receiveTimeoutMs: number;
}

type Told = Parameters<Parameters<ServerInterceptor>[1]['sendStatus']>[0];

/** Is asked for every call. */
export function createReceiveInterceptor(options: ReceiveOptions): ServerInterceptor {
  const tooLarge = `the message is larger than ${options.maxBodyBytes} bytes; raise MAX_BODY_BYTES or send less`;
  const inOurWords = (told: Told): Told =>
    told.code === status.RESOURCE_EXHAUSTED && told.details?.startsWith('Received message')
      ? { ...told, details: tooLarge }
      : told;
  const tooSlow = {
    code: status.DEADLINE_EXCEEDED,
    details: 'the message was not sent in time; send it within REQUEST_TIMEOUT_MS',
    metadata: null,
  };

  return (_method, call) => {
    // The innermost call tells such a refusal itself, past any interceptor.
    const sendStatus = call.sendStatus.bind(call);
    call.sendStatus = (told) => sendStatus(inOurWords(told));
    const timer = setTimeout(() => call.sendStatus(tooSlow), options.receiveTimeoutMs);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveHalfClose: (pass) => {
            clearTimeout(timer);
            pass();
          },
          onCancel: () => clearTimeout(timer),
        }),
    });
  };
}
