/** `display`: event-display. */

import { displaySettings } from '../config/display.ts';
import { parseSettings } from '../config/parse.ts';
import { createDisplay } from '../display/server.ts';
import { type Command, untilStopped } from './command.ts';

export const display: Command = {
  name: 'display',
  summary: 'prints every CloudEvent that it is sent, and shows them on a page',
  settings: displaySettings,
  examples: [
    [
      'seldon-eventing display --http-port 8081',
      'prints events that are POSTed to port 8081; http://localhost:8081 shows them',
    ],
    [
      'seldon-eventing display --sinks adapter=http://127.0.0.1:8080',
      'lets the page send test events to the adapter',
    ],
  ],
  start: async ({ args, environment, print }) => {
    const parsed = parseSettings(displaySettings, args, environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const { httpHost: host, httpPort: port, maxBodyBytes, maxEvents } = parsed.values;
    const { maxHeldBytes, hosts = [], sinks = [], metricsUrls = [] } = parsed.values;
    const page = {
      maxEvents,
      maxHeldBytes,
      hosts,
      sinks: () => sinks,
      metricsUrls: () => metricsUrls,
    };
    const options = { host, port, print, maxBodyBytes, page: maxEvents > 0 ? page : undefined };
    const server = await createDisplay(options);
    print(`event-display listens on ${server.url}`);
    if (maxEvents > 0) print(`its page: http://localhost:${new URL(server.url).port || 80}/`);
    return untilStopped(() => server.close());
  },
};
