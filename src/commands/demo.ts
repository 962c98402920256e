/**
 * `demo`: what `npm start` runs. An iris predictor, the adapter and event-display in one process;
 * the documented event is sent and shown once, then everything stays up for curl.
 */

import { request } from 'undici';
import { parseAdapterConfig } from '../config/adapter.ts';
import { demoSettings } from '../config/demo.ts';
import {
  kafkaSecurityConflicts,
  kafkaSecurityEnvironment,
} from '../config/kafka-security-rules.ts';
import { type Environment, parseSettings } from '../config/parse.ts';
import { createIrisPredictor } from '../demo/iris/predictor.ts';
import { createDisplay } from '../display/server.ts';
import type { Event } from '../event/event.ts';
import { encodeHttp } from '../event/http-message.ts';
import { createLogger } from '../observability/logger.ts';
import { type Command, untilStopped } from './command.ts';
import { documentedEvent, tryNext } from './demo-event.ts';
import { type KafkaDemo, prepareKafkaDemo } from './demo-kafka.ts';
import { kafkaSecurityProblems } from './kafka-security.ts';
import { type RunningAdapter, startAdapter } from './start-adapter.ts';

interface Closeable {
  readonly close: () => Promise<void>;
}

export const demo: Command = {
  name: 'demo',
  summary: 'shows it all in one process: an iris predictor, the adapter and event-display',
  settings: demoSettings,
  examples: [
    ['seldon-eventing demo', 'sends one event, shows its reply, and stays up for curl'],
    ['seldon-eventing demo --kafka', 'does the same through a real Kafka broker'],
  ],
  start: async ({ args, environment, print }) => {
    const parsed = parseSettings(demoSettings, args, environment, kafkaSecurityConflicts);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const { httpPort, displayPort, predictorPort, kafka, kafkaPort, broker } = parsed.values;
    // The broker that is started here takes plain connections.
    const security = kafka === 'true' && broker !== undefined ? parsed.values : undefined;
    const problems = security === undefined ? [] : kafkaSecurityProblems(security);
    if (problems.length > 0) return { kind: 'wrong-settings', problems };
    const opened: Closeable[] = [];
    const close = async (): Promise<void> => {
      for (const part of opened.splice(0).reverse()) await part.close();
    };
    const opening = <Part extends Closeable>(part: Part): Part => {
      opened.push(part);
      return part;
    };
    try {
      const predictor = opening(await createIrisPredictor({ port: predictorPort }));
      const host = '127.0.0.1';
      const maxBodyBytes = 10 * 1024 * 1024;
      // Known once the adapter, which is told where the replies go, has started.
      let adapterUrl: string | undefined;
      const atAdapter = (path: string): URL[] =>
        adapterUrl === undefined ? [] : [new URL(path, adapterUrl)];
      const page = {
        maxEvents: 1_000,
        maxHeldBytes: 32 * 1024 * 1024,
        hosts: [],
        sinks: () => atAdapter('/').map((url) => ({ name: 'adapter', url })),
        metricsUrls: () => atAdapter('/metrics'),
      };
      const display = opening(
        await createDisplay({ host, port: displayPort, print, maxBodyBytes, page }),
      );
      const broked =
        kafka === 'true'
          ? opening(await prepareKafkaDemo({ broker, port: kafkaPort, security, print }))
          : undefined;
      const settings: Environment = {
        SELDON_DEPLOYMENT_ID: 'iris-deployment',
        SELDON_NAMESPACE: 'default',
        PREDICTOR_URL: predictor.url,
        HTTP_HOST: host,
        HTTP_PORT: String(httpPort),
        DRAIN_DELAY_MS: '0',
        LOG_LEVEL: 'warn',
        ...broked?.settings,
        ...(security && kafkaSecurityEnvironment(security)),
      };
      const adapter = await startDemoAdapter(settings, display.url);
      opening({ close: adapter.stop });
      adapterUrl = adapter.url;
      await showOnce(adapter.url, broked, print);
      const urls = { adapter: adapter.url, display: display.url, predictor: predictor.url };
      print(tryNext(urls, broked?.settings));
      return untilStopped(close);
    } catch (error) {
      await close();
      throw error;
    }
  },
};

/** The adapter, its replies shown by event-display as a Broker and a Trigger would have it. */
function startDemoAdapter(settings: Environment, displayUrl: string): Promise<RunningAdapter> {
  const parsed = parseAdapterConfig([], settings);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  const log = createLogger(parsed.values.logLevel);
  return startAdapter(parsed.values, log, (reply) => {
    send(displayUrl, reply).catch((error) => log.warn({ err: error }, 'the reply was not shown'));
  });
}

async function send(url: string, event: Event): Promise<{ status: number; lines: string[] }> {
  const { headers, body } = encodeHttp(event, 'binary');
  const answer = await request(url, { method: 'POST', headers, body: body ?? null });
  const text = await answer.body.text();
  const names = Object.keys(answer.headers).filter((name) => name !== 'connection');
  const lines = names.map((name) => `${name}: ${String(answer.headers[name])}`);
  return { status: answer.statusCode, lines: [...lines, '', text] };
}

async function showOnce(
  url: string,
  kafka: KafkaDemo | undefined,
  print: (line: string) => void,
): Promise<void> {
  const event = documentedEvent();
  const { headers, body } = encodeHttp(event, 'binary');
  const sent = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  print(`The documented event, ${kafka === undefined ? `POST ${url}/` : kafka.route}:`);
  for (const line of [...sent, '', Buffer.from(body ?? []).toString()]) print(`  > ${line}`);
  const reply = kafka === undefined ? await send(url, event) : await kafka.exchange(event);
  print(`Its reply${'status' in reply ? `, ${reply.status}` : ''}:`);
  for (const line of reply.lines) print(`  < ${line}`);
}
