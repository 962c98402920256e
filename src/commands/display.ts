/** `display`: event-display. */

import { displaySettings } from '../config/display.ts';
import { parseSettings } from '../config/parse.ts';
import { createDisplay } from '../display/server.ts';
import { type Command, untilStopped } from './command.ts';

export const display: Command = {
  name: 'display',
  summary: 'prints every CloudEvent that it is sent',
  settings: displaySettings,
  examples: [
    ['seldon-eventing display --http-port 8081', 'prints events that are POSTed to port 8081'],
  ],
  start: async ({ args, environment, print }) => {
    const parsed = parseSettings(displaySettings, args, environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const { httpHost: host, httpPort: port, maxBodyBytes } = parsed.values;
    const server = await createDisplay({ host, port, print, maxBodyBytes });
    print(`event-display listens on ${server.url}`);
    return untilStopped(() => server.close());
  },
};
