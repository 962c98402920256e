/** grpc.reflection.v1 and v1alpha: so that grpcurl and its like need no files. */

import { Buffer } from 'node:buffer';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { ProtocolName } from '../inference/protocol.ts';
import type { AnswerMessage } from './method.ts';
import { loadProtos } from './protos/load.ts';

type AddService = Server['addService'];

/** What the library does with a stream of grpc-js. */
interface LibraryStream {
  on(event: string, listener: (message: object) => void): void;
  write(reply: object): void;
  end(): void;
}

/** What answers each method, by its path. */
export function openReflection(protocol: ProtocolName): ReadonlyMap<string, AnswerMessage> {
  const answers = new Map<string, AnswerMessage>();
  const addService: AddService = (service, implementation) => {
    for (const [name, method] of Object.entries(service)) {
      const handle = implementation[name] as unknown as (stream: LibraryStream) => void;
      answers.set(method.path, (message) => {
        const request = method.requestDeserialize(Buffer.from(message));
        return method.responseSerialize(replyTo(handle, request));
      });
    }
  };
  new ReflectionService(loadProtos(protocol)).addToServer({ addService });
  return answers;
}

/** It writes one message for each that it is given, at once. */
function replyTo(handle: (stream: LibraryStream) => void, request: object): object {
  let reply = {};
  handle({
    on: (event, listener) => {
      if (event === 'data') listener(request);
    },
    write: (written) => {
      reply = written;
    },
    end: () => undefined,
  });
  return reply;
}
