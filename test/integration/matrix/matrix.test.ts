/**
 * The conformance matrix: every protocol over every transport, by every way in. Each cell runs the
 * same rows against a real adapter and a predictor on a real socket, and what came of them is
 * printed; no cell may lack a row.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { protocolNames } from '../../support/adapter.ts';
import { useBroker } from '../../support/broker.ts';
import { predictMethods } from '../../support/grpc-predictor.ts';
import { eventually } from '../../support/kafka-case.ts';
import { type Cell, createBoard } from './board.ts';
import { payloadOf, type Transport } from './payloads.ts';
import { type Outage, outages, type Row, rows } from './rows.ts';
import { openStand, type Stand } from './stand.ts';
import type { Flaw, Input, Way } from './way.ts';
import { grpc } from './ways-grpc.ts';
import { httpEvent, plainHttp } from './ways-http.ts';
import { kafkaEvent, kafkaRaw } from './ways-kafka.ts';

const broker = await useBroker();
const ways: readonly Way[] = [httpEvent, plainHttp, grpc, kafkaEvent, kafkaRaw];
const lines = protocolNames.flatMap((protocol) =>
  (['rest', 'grpc'] as const).map((transport) => ({
    protocol,
    transport,
    name: `${protocol} over ${transport}`,
  })),
);

const restPaths = {
  seldon: '/predict',
  tensorflow: '/v1/models/iris:predict',
  v2: '/v2/models/iris/infer',
} as const;

const cellOf = (line: string, way: Way, transport: Transport): Cell => ({
  line,
  column: way.name,
  isReached: way.reaches(transport),
});

let marks = 0;
const nextMark = (): string => {
  marks += 1;
  return `mark-${marks}`;
};

function inputOf({ protocol, transport }: Stand, mark: string, flaw?: Flaw): Input {
  const other: Transport = transport === 'rest' ? 'grpc' : 'rest';
  const sentAs = flaw === 'wrong kind' ? other : transport;
  return { mark, payload: payloadOf(protocol, sentAs, mark), flaw };
}

/** Every call for an input is of the right path, and has its bytes and its puid. */
function expectCalls(stand: Stand, { mark, payload }: Input, count: number): void {
  const { protocol, transport, predictor } = stand;
  const path = transport === 'rest' ? restPaths[protocol] : predictMethods[protocol];
  const call = { path, puid: mark, body: payload.bytes };
  expect(predictor.callsOf(mark)).toEqual(Array.from({ length: count }, () => call));
}

async function runRow(stand: Stand, way: Way, row: Row): Promise<void> {
  const { predictor, transport } = stand;
  const mark = nextMark();
  predictor.behaviours.set(mark, row.behaviour);
  const input = inputOf(stand, mark, row.flaw);
  const fault = row.fault === 'malformed' ? way.malformed : row.fault;
  const expected = fault === undefined ? way.answered(stand, mark) : way.failed(stand, fault);
  expect(await way.send(stand, input)).toEqual(expected);
  const attempts = way.holds ? (fault?.attempts ?? 1) : 1;
  expectCalls(stand, input, way.reaches(transport) ? row.calls * attempts : 0);
}

async function runOutage(stand: Stand, way: Way, outage: Outage): Promise<void> {
  const input = inputOf(stand, nextMark());
  await outage.begin(stand, input.mark);
  try {
    const during = way.holds ? expectHeld : expectTold;
    await during(stand, way, input, outage);
  } finally {
    // Others must not fail for it too.
    await outage.end(stand, input.mark);
  }
}

/** Its sender is told of the outage, and answered when it is over. */
async function expectTold(stand: Stand, way: Way, input: Input, outage: Outage): Promise<void> {
  expect(await way.send(stand, input)).toEqual(way.failed(stand, outage.fault));
  await outage.end(stand, input.mark);
  expect(await way.send(stand, input)).toEqual(way.answered(stand, input.mark));
}

/** It is neither answered nor diverted nor committed before the outage is over, and then answered. */
async function expectHeld(stand: Stand, way: Way, input: Input, outage: Outage): Promise<void> {
  const { input: topic, output, errors, admin, log, committed } = stand.kafka;
  const { mark } = input;
  const end = async () => Number((await admin.fetchTopicOffsets(topic))[0]?.high);
  const offset = await end();
  const told = way.send(stand, input);
  const during = async (): Promise<void> => {
    await eventually('the record is in the topic', async () => (await end()) > offset);
    await eventually('the outage is felt', () => outage.isFelt(stand, mark));
    const answers = [...log.records(output), ...log.records(errors)];
    expect(answers.filter(({ key }) => key === mark)).toEqual([]);
    expect((await committed())[0]).toBeLessThanOrEqual(offset);
    await outage.end(stand, mark);
  };
  await Promise.all([during(), told]);
  expect(await told).toEqual(way.answered(stand, mark));
}

describe.skipIf(broker.missing)('the matrix', { concurrent: true }, () => {
  const rowsOfEach = rows.length + outages.length;
  const board = createBoard(
    lines.map(({ name }) => name),
    ways.map(({ name }) => name),
  );
  afterAll(() => {
    process.stdout.write(`\n${board.text()}\n\n`);
    expect(board.short(rowsOfEach), 'cells that lack rows').toEqual([]);
  });

  for (const { protocol, transport, name } of lines) {
    describe(name, () => {
      let stand: Stand;
      beforeAll(async () => {
        stand = await openStand(protocol, transport, broker.brokers);
        await stand.untilReady(true);
      });
      afterAll(() => stand?.close());

      for (const way of ways) {
        for (const row of rows) {
          test(`${way.name}: ${row.name}`, () =>
            board.run(cellOf(name, way, transport), () => runRow(stand, way, row)));
        }
      }
      // An outage is everybody's: one at a time.
      for (const way of ways) {
        for (const outage of outages) {
          test.sequential(`${way.name}: ${outage.name}`, () =>
            board.run(cellOf(name, way, transport), () => runOutage(stand, way, outage)));
        }
      }
    });
  }
});
