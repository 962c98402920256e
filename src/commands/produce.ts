/** `produce`: sends events at a rate that can be changed while it runs. */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ProduceConfig, parseProduceConfig } from '../config/parse-produce.ts';
import { isJson, parseRate, produceSettings } from '../config/produce.ts';
import { createKafkaClient } from '../kafka/client.ts';
import { createRecordSink } from '../kafka/record-sink.ts';
import { createHttpSink } from '../produce/http-sink.ts';
import { createMessages, encodeRecord } from '../produce/message.ts';
import { type Change, createRateControl } from '../produce/rate-control.ts';
import { type RateFile, watchRateFile } from '../produce/rate-file.ts';
import { startRun } from '../produce/run.ts';
import type { Sink } from '../produce/sink.ts';
import { createConnector } from '../sink/http-sender.ts';
import { now, schedule, wallClock } from './clock.ts';
import type { Command, CommandContext, Running } from './command.ts';
import { kafkaSecurityOf, kafkaSecurityProblems } from './kafka-security.ts';
import { createAuthorities, createTokenFile } from './sink-trust.ts';

export const produce: Command = {
  name: 'produce',
  summary: 'sends events to a topic or a URL, at a rate that can be changed while it runs',
  settings: produceSettings,
  examples: [
    [
      'seldon-eventing produce --sink http://127.0.0.1:8080 --rate 2',
      'POSTs two events a second to an adapter, and prints what each was answered',
    ],
    [
      'seldon-eventing produce --kafka-broker 127.0.0.1:9092 --topic in --rate 1,50',
      'writes an event a second to topic "in"; kill -USR1 makes that 50, and 1 again',
    ],
    [
      "seldon-eventing produce --kafka-broker 127.0.0.1:9092 --topic in --key 'k{n%10}' --count 1000 --rate 500",
      'writes 1000 events with ten keys that take turns, and ends',
    ],
  ],
  start: async (context) => {
    const parsed = parseProduceConfig(context.args, context.environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const isTopic = parsed.values.target.kind === 'topic';
    const problems = isTopic ? kafkaSecurityProblems(parsed.values) : [];
    if (problems.length > 0) return { kind: 'wrong-settings', problems };
    const payload = await readPayload(parsed.values);
    if (typeof payload === 'string') return { kind: 'wrong-settings', problems: [payload] };
    return { kind: 'running', running: await startProduce(parsed.values, payload, context) };
  },
};

/** @returns the payload's bytes, or why there are none */
async function readPayload({ payload, payloadFile }: ProduceConfig): Promise<Buffer | string> {
  if (payloadFile === undefined) return Buffer.from(payload ?? '{"data":{"ndarray":[[1,2,3,4]]}}');
  try {
    const bytes = await readFile(payloadFile);
    return isJson(bytes.toString()) ? bytes : `PRODUCE_PAYLOAD_FILE: ${payloadFile} is not JSON`;
  } catch (error) {
    const { message } = error as Error;
    return `PRODUCE_PAYLOAD_FILE: ${payloadFile} cannot be read (${message})`;
  }
}

async function startProduce(
  config: ProduceConfig,
  payload: Buffer,
  { print, onLine }: CommandContext,
): Promise<Running> {
  const { rates, rateFile: path, count, form, key, type, source } = config;
  const control = createRateControl({ rates, parseRate });
  let begun = false;
  const apply = (change: Change): void => {
    if (change.kind === 'none') print(change.say);
    else if (change.kind === 'quit') void run.stop();
    else if (begun) run.setRate(change.perSecond);
  };

  let rateFile: RateFile | undefined;
  if (path !== undefined) {
    const onRate = (perSecond: number): void => apply(control.set(perSecond));
    rateFile = await watchRateFile({ path, parseRate }, { onRate, print, schedule });
  }
  // While it is paused, or waits, nothing else may keep the process alive.
  const alive = setInterval(() => undefined, 60_000);
  const messages = { form, payload, key, type, source, extensions: config.ceOverrides };
  const run = startRun(
    { perSecond: control.perSecond(), count },
    {
      sink: createSink(config, print),
      nextMessage: createMessages(messages, { newId: randomUUID, wallClock }),
      now,
      schedule,
      print,
    },
  );
  begun = true;
  onLine((line) => apply(control.line(line)));
  const done = run.done.then((ok) => {
    rateFile?.close();
    clearInterval(alive);
    return ok ? 0 : 1;
  });
  return { done, stop: run.stop };
}

function createSink(config: ProduceConfig, print: (line: string) => void): Sink {
  const { target, requestTimeoutMs, compression } = config;
  if (target.kind === 'sink') {
    const { url, isBound } = target;
    print(`Sending to ${url.origin}${url.pathname}.`);
    const authorities = createAuthorities(config.sinkCaCerts, config.sinkCaDir);
    const connect = createConnector(requestTimeoutMs, authorities);
    // The token is for the bound sink: no other address gets to see it.
    const token = isBound ? createTokenFile(config.sinkTokenFile, now) : undefined;
    return createHttpSink({ url, requestTimeoutMs, connect, token });
  }
  const { brokers, topic } = target;
  print(`Sending to topic ${topic} at ${brokers.join(', ')}.`);
  const security = kafkaSecurityOf(config, silent);
  const kafka = createKafkaClient(
    { brokers, clientId, requestTimeoutMs, compression, security },
    silent,
  );
  const records = createRecordSink(
    { kafka, brokers, topic, topicRole: 'PRODUCE_TOPIC' },
    { print, schedule, random: Math.random },
  );
  return {
    maxInFlight: 1_000,
    ready: records.ready,
    close: records.close,
    send: async (message) => {
      const { number, key, label } = message;
      try {
        const place = await records.send({ number, key, ...encodeRecord(message) });
        const { partition, offset } = place;
        return { ok: true, line: `sent ${label} to partition ${partition} offset ${offset}` };
      } catch (error) {
        return { ok: false, line: `failed ${label}: ${(error as Error).message}` };
      }
    },
  };
}

const clientId = 'seldon-eventing.produce';

const ignore = (): void => undefined;
/** What kafkajs logs is told in our own words. */
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
