/** `demo --kafka`: the documented event through a real broker (design.md §1). */

import { describe, expect, test } from 'vitest';
import { demo } from '../../../src/commands/demo.ts';
import { useBroker } from '../../support/broker.ts';

const broker = await useBroker();

describe.skipIf(broker.missing)('demo --kafka', () => {
  test('sends the documented event to the input topic and shows its reply from the output topic', async () => {
    const lines: string[] = [];
    const start = await demo.start({
      args: [
        '--kafka',
        '--http-port=0',
        '--display-port=0',
        `--broker=${broker.brokers.join(',')}`,
      ],
      environment: {},
      print: (line) => void lines.push(line),
      complain: (line) => void lines.push(line),
      onLine: () => undefined,
    });
    if (start.kind !== 'running') throw new Error(start.problems.join('\n'));
    try {
      const text = lines.join('\n');
      expect(text).toContain('a record of topic iris-requests');
      expect(text).toContain('< ce_type: seldon.iris-deployment.default.response');
      expect(text).toContain('< ce_causationid: 536808d3-88be-4077-9d7a-a3f162705f79');
    } finally {
      await start.running.stop();
    }
  });
});
