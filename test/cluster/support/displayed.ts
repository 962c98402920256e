/** Events as event-display printed them. */

export interface DisplayedEvent {
  /** By name: `id`, `type`, extensions. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: string;
}

/** Reads them back from the log of a `display` pod, oldest first. */
export function displayedEvents(log: string): readonly DisplayedEvent[] {
  const [, ...blocks] = log.split('☁️  cloudevents.Event\n');
  return blocks.map((block) => {
    const [context = '', data = ''] = block.split(/^Data(?: \(binary\))?,\n/m);
    const lines = [...context.matchAll(/^ {2}([a-z0-9]+): (.*)$/gm)];
    const attributes = Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]));
    return { attributes, data };
  });
}
