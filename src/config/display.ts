/** The settings of the `display` command. */

import { httpSettings } from './http.ts';
import { integer, list, type SettingGroup } from './setting.ts';

const { httpHost, httpPort, maxBodyBytes } = httpSettings;

export interface NamedSink {
  readonly name: string;
  readonly url: URL;
}

const credentials =
  'has a user name or password in it, which the page would show; put an address without them';

/** An http or https URL without credentials or fragment; its query may hold a selector. */
function plainUrl(value: string): URL | string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hash !== '') {
    return 'expected an http:// or https:// URL without fragment';
  }
  return url.username + url.password === '' ? url : credentials;
}

const sinks = list
  .transform((words, context): readonly NamedSink[] => {
    const named: NamedSink[] = [];
    for (const [index, word] of words.entries()) {
      const [, name, address] = /^([A-Za-z0-9][\w.-]{0,62})=(.*)$/s.exec(word) ?? [];
      const where = `entry ${index + 1}`;
      if (name === undefined || address === undefined) {
        context.addIssue(`${where}: expected name=URL, such as adapter=http://127.0.0.1:8080`);
        continue;
      }
      const url = plainUrl(address);
      if (typeof url === 'string') context.addIssue(`${where} (${name}): ${url}`);
      else if (named.some((sink) => sink.name === name)) {
        context.addIssue(`${where}: the name ${name} is given twice`);
      } else named.push({ name, url });
    }
    return named;
  })
  .meta({ title: 'comma-separated name=URL' });

const metricsUrls = list
  .transform((words, context): readonly URL[] =>
    words.flatMap((word, index) => {
      const url = plainUrl(word);
      if (typeof url !== 'string') return [url];
      context.addIssue(`entry ${index + 1}: ${url}`);
      return [];
    }),
  )
  .meta({ title: 'comma-separated URLs' });

const hostName = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])$/;

const hosts = list
  .transform((words, context): readonly string[] => {
    const names = words.map((word) => word.toLowerCase());
    for (const [index, name] of names.entries()) {
      if (hostName.test(name)) continue;
      context.addIssue(
        `entry ${index + 1}: expected a host name without scheme and port, such as events.example.com`,
      );
    }
    return names;
  })
  .meta({ title: 'comma-separated host names' });

export const displaySettings = {
  httpHost,
  httpPort,
  maxBodyBytes,
  maxEvents: {
    env: 'DISPLAY_MAX_EVENTS',
    flags: ['max_events'],
    schema: integer(0, 100_000),
    fallback: '1000',
    doc: 'How many events are held for the page; 0: there is no page.',
  },
  maxHeldBytes: {
    env: 'DISPLAY_MAX_BYTES',
    schema: integer(65_536, 2 ** 31 - 1),
    fallback: String(32 * 1024 * 1024),
    doc: 'How many bytes of memory these events may take in all; older ones give way.',
  },
  hosts: {
    env: 'DISPLAY_HOSTS',
    flags: ['hosts'],
    schema: hosts,
    doc: 'Names under which others may open the page. Unset: only who is on this machine, which includes `kubectl port-forward`. Whoever can open it reads the payloads and can send to DISPLAY_SINKS.',
  },
  sinks: {
    env: 'DISPLAY_SINKS',
    flags: ['sinks'],
    schema: sinks,
    doc: 'Where the page may send test events, such as `adapter=http://127.0.0.1:8080,broker=http://…`. Unset: nowhere.',
  },
  metricsUrls: {
    env: 'DISPLAY_METRICS_URLS',
    flags: ['metrics_urls'],
    schema: metricsUrls,
    doc: "Prometheus metrics of the adapters, which the page shows as rate, in flight, lag and replicas: each one's `/metrics`, a headless Service (every address is asked), or Prometheus' `/federate?match[]=…`. Read only while somebody looks.",
  },
} as const satisfies SettingGroup;
