/** `adapter`: the data plane. */

import { parseAdapterConfig } from '../config/adapter.ts';
import { adapterSettings } from '../config/adapter-settings.ts';
import { createLogger } from '../observability/logger.ts';
import { tlsFileProblems } from '../predictor/tls-files.ts';
import { type Command, untilStopped } from './command.ts';
import { withConfigFiles } from './config-files.ts';
import { kafkaSecurityProblems } from './kafka-security.ts';
import { predictorTlsFiles } from './open-model.ts';
import { serverSecurityProblems } from './open-server-security.ts';
import { startAdapter } from './start-adapter.ts';

export const adapter: Command = {
  name: 'adapter',
  summary: 'takes events over HTTP and Kafka, calls the predictor, answers with events',
  settings: adapterSettings,
  examples: [
    [
      'seldon-eventing adapter --sdep iris --predictor-url http://127.0.0.1:9000',
      'answers events and prediction requests on port 8080 by the model server on port 9000',
    ],
    [
      'seldon-eventing adapter --sdep iris --predictor-url http://127.0.0.1:9000 \\\n      --kafka-broker 127.0.0.1:9092 --kafka-input-topic in --kafka-output-topic out',
      'the same, and predicts on the records of topic "in" too',
    ],
  ],
  start: async ({ args, environment }) => {
    const parsed = await withConfigFiles((files) => parseAdapterConfig(args, environment, files));
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const problems = [
      ...tlsFileProblems(predictorTlsFiles(parsed.values)),
      ...serverSecurityProblems(parsed.values),
      ...(parsed.values.kafka === undefined ? [] : kafkaSecurityProblems(parsed.values)),
    ];
    if (problems.length > 0) return { kind: 'wrong-settings', problems };
    const log = createLogger(parsed.values.logLevel);
    const { stop } = await startAdapter(parsed.values, log);
    return untilStopped(stop);
  },
};
