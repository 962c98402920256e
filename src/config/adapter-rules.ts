/** What must hold between the settings of the `adapter` command. */

import type { adapterSettings } from './adapter-settings.ts';
import { sourceOf } from './called-predictor.ts';
import { kafkaSecurityConflicts } from './kafka-security-rules.ts';
import type { Conflict } from './parse.ts';
import { serverSecurityConflicts } from './server-security.ts';

/** @returns the error topic that is set, else the one named after the output topic */
export const errorTopicOf = (errorTopic: string | undefined, outputTopic: string): string =>
  errorTopic ?? `${outputTopic}.errors`;

/** For the problem; no predictor is named in any way. */
export const noPredictor =
  "PREDICTOR_URL is not set. The predictor's base address, ENGINE_PREDICTOR or PREDICTOR_FILE (--file) is needed";

export const conflicts: readonly Conflict<typeof adapterSettings>[] = [
  {
    between: ['httpPort', 'grpcPort'],
    problem: ({ httpPort, grpcPort }) =>
      httpPort === grpcPort && httpPort !== 0
        ? 'HTTP_PORT and GRPC_PORT are the same: each needs a port of its own'
        : undefined,
  },
  ...kafkaSecurityConflicts,
  ...serverSecurityConflicts,
  {
    between: ['correlationAttribute', 'replyAttribute'],
    problem: ({ correlationAttribute, replyAttribute }) =>
      correlationAttribute === replyAttribute
        ? 'CORRELATION_ATTRIBUTE and REPLY_ATTRIBUTE are the same: a reply returns the one as the other'
        : undefined,
  },
  {
    between: ['predictorUrl', 'enginePredictor', 'predictorFile'],
    problem: ({ predictorUrl, enginePredictor, predictorFile }) => {
      const named = predictorFile === undefined ? enginePredictor : predictorFile;
      if (predictorUrl === undefined && named === undefined) return noPredictor;
      return predictorUrl !== undefined && named !== undefined
        ? `PREDICTOR_URL and ${sourceOf({ predictorFile })} both name the predictor: unset one of them`
        : undefined;
    },
  },
  {
    between: ['predictorCertFile', 'predictorKeyFile'],
    problem: ({ predictorCertFile, predictorKeyFile }) =>
      (predictorCertFile === undefined) !== (predictorKeyFile === undefined)
        ? 'PREDICTOR_TLS_CERT_FILE and PREDICTOR_TLS_KEY_FILE go together: set both, or neither'
        : undefined,
  },
  {
    between: ['brokers', 'inputTopic'],
    problem: ({ brokers, inputTopic }) =>
      (brokers === undefined) !== (inputTopic === undefined)
        ? 'KAFKA_BROKER and KAFKA_INPUT_TOPIC go together: set both, or neither'
        : undefined,
  },
  {
    between: ['brokers', 'outputTopic'],
    problem: ({ brokers, outputTopic }) =>
      brokers !== undefined && outputTopic === undefined
        ? 'KAFKA_OUTPUT_TOPIC is not set: predictions would have nowhere to go'
        : undefined,
  },
  {
    between: ['brokers', 'serverType'],
    problem: ({ brokers, serverType }) =>
      serverType === 'kafka' && brokers === undefined
        ? 'SERVER_TYPE is kafka: set KAFKA_BROKER, KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC'
        : undefined,
  },
  {
    between: ['inputTopic', 'outputTopic', 'errorTopic'],
    problem: ({ inputTopic, outputTopic, errorTopic }) => {
      const errors = outputTopic === undefined ? errorTopic : errorTopicOf(errorTopic, outputTopic);
      const topics = [inputTopic, outputTopic, errors].filter((topic) => topic !== undefined);
      return new Set(topics).size < topics.length
        ? 'KAFKA_INPUT_TOPIC, KAFKA_OUTPUT_TOPIC and KAFKA_ERROR_TOPIC must differ: answers would be predicted on again'
        : undefined;
    },
  },
];
