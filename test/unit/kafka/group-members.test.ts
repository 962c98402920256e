import type { Admin } from 'kafkajs';
import { expect, test } from 'vitest';
import { membersOf } from '../../../src/kafka/group-members.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const protocolError = (type: string): Error => Object.assign(new Error(type), { type });

/** An answer, or an error, for each question; the last one stands for the rest. */
async function ask(answers: readonly (number | Error)[]) {
  const clock = createFakeClock();
  let asked = 0;
  const describeGroups = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? 0;
    asked += 1;
    if (typeof answer !== 'number') throw answer;
    return { groups: [{ members: Array.from({ length: answer }) }] };
  };
  const admin = { describeGroups } as unknown as Admin;
  const end = membersOf('g', { admin, schedule: clock.schedule }).catch(
    (error: Error) => error.message,
  );
  await clock.drain(120_000);
  return { end: await end, asked };
}

test('the members of a group are counted, once its coordinator has come up', async () => {
  const coming = ['NOT_COORDINATOR_FOR_GROUP', 'GROUP_LOAD_IN_PROGRESS'].map(protocolError);
  coming.push(Object.assign(new Error('none'), { name: 'KafkaJSGroupCoordinatorNotFound' }));
  expect(await ask([...coming, 2])).toEqual({ end: 2, asked: 4 });
});

test('a coordinator that does not come up is told of in the end', async () => {
  const { end, asked } = await ask([protocolError('GROUP_COORDINATOR_NOT_AVAILABLE')]);
  expect(end).toBe('GROUP_COORDINATOR_NOT_AVAILABLE');
  expect(asked).toBeGreaterThan(100);
});

test('any other refusal is told of at once', async () => {
  expect(await ask([protocolError('GROUP_AUTHORIZATION_FAILED')])).toEqual({
    end: 'GROUP_AUTHORIZATION_FAILED',
    asked: 1,
  });
});
