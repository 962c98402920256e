/** All servers that a stranger's bytes may reach, each in this process, and what they have taken. */

import { onTestFinished } from 'vitest';
import { createDisplay } from '../../../src/display/server.ts';
import { createControllerServer } from '../../../src/http/controller-server.ts';
import { get, openAdapter, send } from '../../support/adapter.ts';
import { useRecordingPredictor } from '../../support/recording-predictor.ts';

export interface HostileTarget {
  readonly port: number;
  /** The ids and payloads of all that was taken for an event or a prediction, as one text. */
  readonly taken: () => string;
  /** Whether a decent request is answered as it should be. */
  readonly isWell: () => Promise<boolean>;
}

export const serverNames = ['adapter', 'display', 'controller'] as const;
export type ServerName = (typeof serverNames)[number];

const portOf = (url: string): number => Number(new URL(url).port);
const event = {
  headers: {
    'ce-specversion': '1.0',
    'ce-id': 'decent',
    'ce-source': '/s',
    'ce-type': 't',
    'content-type': 'application/json',
  },
  body: '{"data":{"ndarray":[[1,2,3,4]]}}',
};

/** @returns what opens a server for the running test */
export function useHostileServers(): (name: ServerName) => Promise<HostileTarget> {
  const predictor = useRecordingPredictor();
  return async (name) => {
    if (name === 'adapter') {
      const adapter = await openAdapter({
        PREDICTOR_URL: predictor.url,
        REQUEST_TIMEOUT_MS: '1500',
      });
      return {
        port: adapter.port,
        taken: () =>
          predictor.calls
            .map(({ headers, body }) => `${JSON.stringify(headers)} ${body.toString('latin1')}`)
            .join('\n'),
        isWell: async () => (await send(adapter.url, event)).status === 200,
      };
    }
    if (name === 'display') {
      const printed: string[] = [];
      const display = await createDisplay({
        ...{ host: '127.0.0.1', port: 0, maxBodyBytes: 1_000_000 },
        print: (line) => printed.push(line),
      });
      onTestFinished(() => display.close());
      return {
        port: portOf(display.url),
        taken: () => printed.join('\n'),
        isWell: async () => (await send(display.url, event)).status === 202,
      };
    }
    const server = createControllerServer('/metrics', undefined, {
      live: () => ({ ok: true, parts: {} }),
      ready: () => ({ ok: true, parts: {} }),
      metrics: { expose: async () => ({ text: '', contentType: 'text/plain' }) },
    });
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => server.close());
    return {
      port: portOf(url),
      taken: () => '',
      isWell: async () => (await get(`${url}/livez`)).status === 200,
    };
  };
}
