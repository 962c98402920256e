/** The event of Seldon's documents, and what a newcomer may try with it. */

import type { Event } from '../event/event.ts';
import type { KafkaDemoSettings } from './demo-kafka.ts';

export const documentedEvent = (): Event => ({
  specversion: '0.3',
  id: '536808d3-88be-4077-9d7a-a3f162705f79',
  source: 'seldon.examples.streaming.curl',
  type: 'seldon.iris-deployment.default.request',
  datacontenttype: 'application/json',
  attributes: new Map(),
  data: Buffer.from('{"data":{"ndarray":[[1,2,3,4]]}}'),
});

export interface DemoUrls {
  readonly adapter: string;
  readonly display: string;
  readonly predictor: string;
}

/**
 * What to do now that everything is up.
 * @param kafka undefined without a broker
 */
export const tryNext = (urls: DemoUrls, kafka: KafkaDemoSettings | undefined): string =>
  `
Everything is up: the adapter on ${urls.adapter}, event-display on ${urls.display},
the iris predictor on ${urls.predictor}${kafka ? `, Kafka on ${kafka.KAFKA_BROKER}` : ''}.
Look at ${urls.display}/ in a browser: events as they come, and a form to send some.
Or in another terminal; event-display prints the reply here, and its page shows it:

  curl -v ${urls.adapter}/ \\
    -H 'Ce-Id: 536808d3-88be-4077-9d7a-a3f162705f79' -H 'Ce-specversion: 0.3' \\
    -H 'Ce-Type: seldon.iris-deployment.default.request' \\
    -H 'Ce-Source: seldon.examples.streaming.curl' \\
    -H 'Content-Type: application/json' -d '{"data":{"ndarray":[[1,2,3,4]]}}'

An ordinary prediction:  curl ${urls.adapter}/api/v1.0/predictions -H 'Content-Type: application/json' -d '{"data":{"ndarray":[[1,2,3,4]]}}'
Readiness, metrics:      curl ${urls.adapter}/readyz; curl ${urls.adapter}/metrics
${kafka === undefined ? 'The same through Kafka:  npm start -- --kafka' : produceLine(kafka)}
Stop with Ctrl-C.`;

const produceLine = (kafka: KafkaDemoSettings): string =>
  `More records:            node dist/main.js produce --kafka-broker ${kafka.KAFKA_BROKER} --topic ${kafka.KAFKA_INPUT_TOPIC} --count 3`;
