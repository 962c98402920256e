/** The event of Seldon's documents, and what a newcomer may try with it. */

import type { Event } from '../event/event.ts';

export const documentedEvent = (): Event => ({
  specversion: '0.3',
  id: '536808d3-88be-4077-9d7a-a3f162705f79',
  source: 'seldon.examples.streaming.curl',
  type: 'seldon.iris-deployment.default.request',
  datacontenttype: 'application/json',
  attributes: new Map(),
  data: Buffer.from('{"data":{"ndarray":[[1,2,3,4]]}}'),
});

/** What to do now that everything is up. */
export const tryNext = (adapterUrl: string, displayUrl: string, kafka: boolean): string =>
  `
Everything is up: the adapter on ${adapterUrl}, event-display on ${displayUrl}${kafka ? ', and a Kafka broker' : ''}.
Try it, in another terminal; event-display prints the reply here:

  curl -v ${adapterUrl}/ \\
    -H 'Ce-Id: 536808d3-88be-4077-9d7a-a3f162705f79' -H 'Ce-specversion: 0.3' \\
    -H 'Ce-Type: seldon.iris-deployment.default.request' \\
    -H 'Ce-Source: seldon.examples.streaming.curl' \\
    -H 'Content-Type: application/json' -d '{"data":{"ndarray":[[1,2,3,4]]}}'

An ordinary prediction:  curl ${adapterUrl}/api/v1.0/predictions -H 'Content-Type: application/json' -d '{"data":{"ndarray":[[1,2,3,4]]}}'
Readiness, metrics:      curl ${adapterUrl}/readyz; curl ${adapterUrl}/metrics
${kafka ? '' : 'The same through Kafka:  npm start -- --kafka\n'}Stop with Ctrl-C.`;
