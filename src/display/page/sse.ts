/** Server-sent events (HTML, §9.2). Pure. */

export interface ServerSentEvent {
  readonly event: string;
  /** What the browser says when it connects again: without line ends. */
  readonly id?: string;
  /** Of any content; each of its lines goes on a line of its own. */
  readonly data: string;
}

/** The event as it stands in the stream. */
export function encodeSse({ event, id, data }: ServerSentEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`;
}

/** A comment, which shows that the connection is alive. */
export const sseKeepAlive = ':\n\n';
