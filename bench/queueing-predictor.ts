/**
 * A predictor of four servers that answer one request at a time each, 10 ms long, or ten times as
 * long: SIGUSR2 changes from one to the other.
 */

import { startQueueingPredictor } from '../test/support/queueing-predictor.ts';
import { prediction } from './payloads.ts';

const servers = 4;
const serviceMs = 10;

const predictor = await startQueueingPredictor(servers, serviceMs, prediction);
process.on('SIGTERM', () => process.exit());
process.on('SIGUSR2', () => {
  predictor.serviceMs = predictor.serviceMs === serviceMs ? 10 * serviceMs : serviceMs;
});
console.log(JSON.stringify({ url: predictor.url }));
