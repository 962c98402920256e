/**
 * Bounds what a caller may send, and how long it may take: the library bounds the message alone,
 * and in words that name no setting of ours.
 */

import { type ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';

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
    // In place, since the innermost call refuses a message past any interceptor around it; and an
    // interceptor around it would cost each call several objects.
    const [start, sendStatus] = [call.start.bind(call), call.sendStatus.bind(call)];
    let timer: NodeJS.Timeout | undefined;
    call.sendStatus = (told) => sendStatus(inOurWords(told));
    call.start = (listener) => {
      timer = setTimeout(sendStatus, options.receiveTimeoutMs, tooSlow);
      start({
        onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveHalfClose: () => {
          clearTimeout(timer);
          listener.onReceiveHalfClose();
        },
        // Told however the call ends.
        onCancel: () => {
          clearTimeout(timer);
          listener.onCancel();
        },
      });
    };
    return call as ServerInterceptingCall;
  };
}
