/**
 * The iris predictor of dist/ as a model server's container: on the port that Seldon names, and as
 * slow as DELAY_MS says.
 */

import { createIrisPredictor } from '../../../dist/demo/iris/predictor.js';

const { HOST, PREDICTIVE_UNIT_SERVICE_PORT, DELAY_MS = '0' } = process.env;
const predictor = await createIrisPredictor({
  host: HOST,
  port: Number(PREDICTIVE_UNIT_SERVICE_PORT),
});
predictor.faults.delayMs = Number(DELAY_MS);
process.once('SIGTERM', () => process.exit(0));
