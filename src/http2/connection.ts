/**
 * A client's side of one HTTP/2 connection (RFC 9113), as far as gRPC needs it, without its socket:
 * bytes go in by `receive`, frames come out of the writer, and each stream's owner is told what is
 * its own.
 *
 * H1 What the protocol does not allow ends the connection; it never throws at who reads the socket.
 * H2 Every stream's owner is told once that it closed, whatever ends it.
 * H3 What a peer may have us keep is bounded: by windows, one frame, one header list, and how many
 *    answers to its questions it may leave unread.
 * H4 A stream that the server says it never looked at (GOAWAY, §6.8) closes as refused: it is safe
 *    to begin it anew elsewhere.
 */

import { Buffer } from 'node:buffer';
import { checkFrame, withoutPadding } from './check-frame.ts';
import {
  defaultFrameBytes,
  defaultWindowBytes,
  errorCode,
  flag,
  frameType,
  largestStreamId,
  preface,
  setting,
} from './frame.ts';
import { FrameReader, type TakeFrame } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { Http2Error } from './http2-error.ts';
import { Inflow, type Windows } from './inflow.ts';
import { Outflow } from './outflow.ts';
import { readSettings } from './settings.ts';
import { Stream, type StreamOwner } from './stream.ts';

export interface ConnectionOptions {
  readonly maxHeaderListBytes: number;
  readonly windows: Windows;
}

export interface ConnectionDeps {
  /** There is something to write. */
  readonly wake: () => void;
  /** The server speaks HTTP/2. */
  readonly greeted: () => void;
  /** The server takes no new streams; those under way may end. */
  readonly goneAway: () => void;
  /** A stream closed. */
  readonly streamClosed: () => void;
  /** The server broke the protocol; what is gathered may still be written, and nothing else. */
  readonly broken: (error: Http2Error) => void;
}

const headerTableBytes = 4_096;
/** Answered pings and settings that may wait to be written: a peer that asks and does not read. */
const maxReplies = 1_000;
/** Until the server's settings have come; most allow 100 or more (§6.5.2). */
const assumedPlaces = 100;

export class Connection implements TakeFrame {
  readonly writer: FrameWriter;
  private readonly options: ConnectionOptions;
  private readonly deps: ConnectionDeps;
  private readonly streams = new Map<number, Stream>();
  private readonly inflow: Inflow;
  private readonly outflow: Outflow;
  private readonly reader: FrameReader;
  private readonly blocks: HeaderBlocks;
  private nextId = 1;
  private maxStreams = assumedPlaces;
  private pings: (() => void)[] = [];
  private hasSettings = false;
  private isOver = false;

  /** Begins it: what a client says first is in the writer. */
  constructor(options: ConnectionOptions, deps: ConnectionDeps) {
    this.options = options;
    this.deps = deps;
    this.writer = new FrameWriter(deps.wake);
    this.inflow = new Inflow(options.windows, this.writer);
    this.outflow = new Outflow(this.writer);
    this.reader = new FrameReader(this, defaultFrameBytes);
    this.blocks = new HeaderBlocks(headerTableBytes, options.maxHeaderListBytes);
    this.writer.raw(preface);
    this.writer.settings([
      [setting.enablePush, 0],
      [setting.initialWindowSize, options.windows.ofStream],
      [setting.maxHeaderListSize, options.maxHeaderListBytes],
    ]);
    this.writer.windowUpdate(0, options.windows.ofConnection - defaultWindowBytes);
  }

  /** Streams under way. */
  get active(): number {
    return this.streams.size;
  }

  /** How many streams the server takes at once. */
  get places(): number {
    return this.maxStreams;
  }

  /** Begins a stream. @param head encoded; @param body not to be changed before it closes */
  request(head: Buffer, body: Uint8Array, owner: StreamOwner): Stream {
    const { outflow, nextId, options } = this;
    const stream = new Stream(nextId, owner, outflow.initialWindow, options.windows.ofStream);
    this.streams.set(nextId, stream);
    this.nextId += 2;
    // A connection's ids are used up after a billion calls: the next one goes elsewhere.
    if (this.nextId > largestStreamId) this.deps.goneAway();
    outflow.head(stream, nextId === 1 ? Buffer.concat([noTable, head]) : head);
    outflow.data(stream, body);
    return stream;
  }

  /** Breaks a stream off. @param code of RFC 9113 §7 */
  reset(stream: Stream, code: number): void {
    if (stream.isClosed) return;
    this.writer.rstStream(stream.id, code);
    this.close(stream, code);
  }

  /** Asks for a sign of life. */
  ping(answered: () => void): void {
    this.pings.push(answered);
    this.writer.ping(pingPayload, false);
  }

  /** What came from the server. */
  receive(chunk: Buffer): void {
    if (this.isOver) return;
    try {
      this.reader.read(chunk);
    } catch (error) {
      this.break(error instanceof Http2Error ? error : ownFault(error));
    }
  }

  private break(error: Http2Error): void {
    this.writer.goaway(error.code);
    this.deps.broken(this.hasSettings ? error : new Http2Error(error.code, noHttp2));
    this.end();
  }

  /** Its socket is gone, or is to go. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.pings = [];
    for (const stream of [...this.streams.values()]) this.close(stream, errorCode.internalError);
  }

  /** @throws Http2Error */
  frame(
    type: number,
    flags: number,
    streamId: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.isOver) return;
    if (this.writer.replies > maxReplies) {
      throw new Http2Error(errorCode.enhanceYourCalm, 'questions without taking the answers');
    }
    const { openStream } = this.blocks;
    if (openStream !== 0 && (type !== frameType.continuation || streamId !== openStream)) {
      throw protocolError('a frame within a header block');
    }
    if (!this.hasSettings && type !== frameType.settings) throw protocolError(noHttp2);
    checkFrame(type, flags, streamId, end - start);
    switch (type) {
      case frameType.data:
        this.data(flags, streamId, buffer, start, end);
        break;
      case frameType.headers:
        this.headers(flags, streamId, withoutPadding(type, flags, buffer, start, end));
        break;
      case frameType.continuation:
        this.continuation(flags, streamId, buffer.subarray(start, end));
        break;
      case frameType.rstStream:
        this.rstStream(streamId, buffer.readUInt32BE(start));
        break;
      case frameType.settings:
        this.settings(flags, buffer.subarray(start, end));
        break;
      case frameType.ping:
        this.pinged(flags, buffer.subarray(start, end));
        break;
      case frameType.goaway:
        this.goaway(buffer.readUInt32BE(start) & largestStreamId);
        break;
      case frameType.windowUpdate:
        this.windowUpdate(streamId, buffer.readUInt32BE(start) & largestStreamId);
        break;
      default:
      // Priorities are nobody's business any more, and what is unknown is ignored (§5.3.2, §4.1).
    }
  }

  private data(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const bytes = end - start;
    this.inflow.take(bytes);
    const stream = this.streamOf(id);
    if (stream === undefined) return;
    const isEnd = (flags & flag.endStream) !== 0;
    this.inflow.takeOf(stream, bytes, isEnd);
    stream.owner?.data(withoutPadding(frameType.data, flags, buffer, start, end), isEnd);
    if (isEnd) this.close(stream, undefined);
  }

  private headers(flags: number, id: number, block: Buffer): void {
    const isEnd = (flags & flag.endStream) !== 0;
    if ((flags & flag.endHeaders) === 0) this.blocks.begin(id, isEnd, block);
    else this.fields(id, this.blocks.decode(block), isEnd);
  }

  private continuation(flags: number, id: number, piece: Buffer): void {
    if (this.blocks.openStream === 0) throw protocolError('a continuation of nothing');
    const { isEnd } = this.blocks;
    const fields = this.blocks.continue(piece, (flags & flag.endHeaders) !== 0);
    if (fields !== undefined) this.fields(id, fields, isEnd);
  }

  private fields(id: number, fields: string[], isEnd: boolean): void {
    const stream = this.streamOf(id);
    if (stream === undefined) return;
    stream.owner?.headers(fields, isEnd);
    if (isEnd) this.close(stream, undefined);
  }

  private rstStream(id: number, code: number): void {
    const stream = this.streamOf(id);
    if (stream !== undefined) this.close(stream, code);
  }

  private settings(flags: number, payload: Buffer): void {
    if ((flags & flag.ack) !== 0) return;
    const { enablePush, initialWindowSize, maxConcurrentStreams, maxFrameSize } =
      readSettings(payload);
    if (enablePush === 1) throw protocolError('pushes, which a server is not sent');
    this.maxStreams = maxConcurrentStreams ?? this.maxStreams;
    this.outflow.maxFrameBytes = maxFrameSize ?? this.outflow.maxFrameBytes;
    this.writer.settingsAck();
    if (initialWindowSize !== undefined) {
      this.outflow.setInitialWindow(initialWindowSize, this.streams.values());
    }
    if (this.hasSettings) return;
    this.hasSettings = true;
    this.deps.greeted();
  }

  private pinged(flags: number, payload: Buffer): void {
    if ((flags & flag.ack) === 0) this.writer.ping(payload, true);
    else this.pings.shift()?.();
  }

  private goaway(lastStreamId: number): void {
    this.deps.goneAway();
    for (const stream of [...this.streams.values()]) {
      if (stream.id > lastStreamId) this.close(stream, errorCode.refusedStream);
    }
  }

  private windowUpdate(id: number, bytes: number): void {
    if (bytes === 0) throw protocolError('a window that is wider by nothing');
    const stream = id === 0 ? undefined : this.streamOf(id);
    if (id === 0) this.outflow.widen(bytes);
    else if (stream !== undefined) this.outflow.widenStream(stream, bytes);
  }

  /** @returns undefined: it has closed, and this was on its way. @throws Http2Error: it never was */
  private streamOf(id: number): Stream | undefined {
    if (id % 2 === 0 || id >= this.nextId) throw protocolError(`stream ${id}, which never was`);
    return this.streams.get(id);
  }

  private close(stream: Stream, code: number | undefined): void {
    if (stream.isClosed) return;
    // It did not wait for the rest of our data, which nobody is to be sent any more (§8.1).
    if (code === undefined && !stream.hasEndedHere) {
      this.writer.rstStream(stream.id, errorCode.cancel);
    }
    stream.isClosed = true;
    this.streams.delete(stream.id);
    this.outflow.drop(stream);
    const { owner } = stream;
    // A Map that was rebuilt keeps what it held until the next full collection: little is to hang
    // on a stream that is over.
    stream.owner = undefined;
    owner?.closed(code);
    this.deps.streamClosed();
  }
}

/**
 * A header block's word that no table is used (RFC 7541 §6.3), which our encoder does not: the first
 * one says it, and so no server waits to be told that a smaller table was agreed to (§4.2).
 */
const noTable = Buffer.from([0x20]);
const pingPayload = Buffer.from('liveness', 'latin1');

const noHttp2 = 'it does not speak HTTP/2; is this the gRPC port?';

const ownFault = (error: unknown): Http2Error =>
  new Http2Error(errorCode.internalError, `the adapter failed: ${String(error)}`);

const protocolError = (told: string): Http2Error => new Http2Error(errorCode.protocolError, told);
