/**
 * One call of messages in and as many messages out, each answered before the next is read: who does
 * not take the answers is not read from.
 */

import type { Buffer } from 'node:buffer';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { createMessageReader, framed } from '../inference/grpc-frame.ts';
import { beginAnswer, sendStatus, trailersOf } from './answer-stream.ts';
import { decompress } from './decompress.ts';
import type { AnswerMessage, CallHead, Told } from './method.ts';
import { failed, flawed, tooSlow, unreadable } from './refusals.ts';
import type { Sweep, Timed } from './sweep.ts';
import type { CallLimits } from './unary-call.ts';

interface Waiting {
  readonly message: Buffer;
  readonly compressed: boolean;
}

/** Serves it; the stream is as it came. */
export function takeStream(
  stream: ServerHttp2Stream,
  head: CallHead,
  open: () => Promise<AnswerMessage>,
  { maxBodyBytes, requestTimeoutMs }: CallLimits,
  sweep: Sweep,
): void {
  let waiting: Waiting[] = [];
  let told: Told | undefined;
  let answering = Promise.resolve();

  const start = (): void => {
    if (!stream.headersSent) {
      beginAnswer(stream, undefined, () => stream.sendTrailers(trailersOf(told ?? done)));
    }
  };
  const finish = (status: Told): void => {
    if (told !== undefined || stream.destroyed || stream.closed) return;
    told = status;
    waiting = [];
    timed.endsAt = head.deadline + requestTimeoutMs;
    if (status === done || stream.headersSent) {
      start();
      stream.end();
    } else sendStatus(stream, status);
  };
  /** @returns when the caller has room for more */
  const send = (message: Uint8Array): Promise<void> | undefined => {
    start();
    if (stream.write(framed(message))) return undefined;
    return new Promise((resolve) => stream.once('drain', resolve));
  };
  const answerAll = async (): Promise<void> => {
    const answer = await open();
    for (const { message, compressed } of waiting.splice(0)) {
      const read = compressed
        ? await decompress(message, head.encoding, maxBodyBytes)
        : { message };
      if (told !== undefined) return;
      if ('flaw' in read) return finish(read.flaw);
      const reply = attempt(answer, read.message);
      if (reply === undefined) return finish(unreadable);
      await send(reply);
    }
  };
  const timed: Timed = {
    endsAt: head.deadline,
    expire: () => {
      if (told === undefined) finish(tooSlow);
      else stream.close(constants.NGHTTP2_CANCEL);
    },
  };
  const reader = createMessageReader(maxBodyBytes, (message, compressed) => {
    waiting.push({ message, compressed });
  });

  sweep.add(timed);
  stream.on('data', (chunk: Buffer) => {
    if (told !== undefined) return;
    const flaw = reader.read(chunk);
    if (flaw !== undefined) return finish(flawed(flaw, maxBodyBytes));
    stream.pause();
    answering = answering.then(answerAll).then(
      () => void stream.resume(),
      () => finish(failed),
    );
  });
  // The end comes while the stream is paused, too.
  stream.on('end', () => {
    if (!stream.aborted)
      answering = answering.then(() => finish(reader.midway() ? unreadable : done));
  });
  stream.on('close', () => {
    told ??= done;
    sweep.remove(timed);
  });
}

const done: Told = { code: 0, details: '' };

function attempt(answer: AnswerMessage, message: Buffer): Uint8Array | undefined {
  try {
    return answer(message);
  } catch {
    return undefined;
  }
}
