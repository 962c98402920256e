/** What the controller adds to an adapter's variables so that predictors can share a topic. */

import { formatTrafficShare } from '../../delivery/traffic-share.ts';
import { environmentOf, type Variable } from './kafka-environment.ts';
import { kafkaSettingsOf } from './kafka-settings.ts';
import { shadowTopic } from './kafka-shadow.ts';
import { shareOf } from './kafka-sharing.ts';
import type { EnvVar, Predictor, SeldonDeployment } from './seldon-deployment.ts';

/**
 * Makes the variables that stand in for, or beside, those of `svcOrchSpec.env`.
 *
 * Among several predictors on one input topic with `traffic`: the predictor's share. For a shadow:
 * `<output>.shadow`, and an error topic of the same kind.
 * @returns variables in an order that lets a later one name an earlier one. Each replaces the user's
 *   of the same name, and they belong after the user's; none where nothing is to be changed
 */
export function kafkaEnvOf(sdep: SeldonDeployment, predictor: Predictor): EnvVar[] {
  if (kafkaSettingsOf(sdep, predictor) === undefined) return [];
  const environment = environmentOf(predictor);
  if (predictor.shadow === true) {
    return ['KAFKA_OUTPUT_TOPIC', 'KAFKA_ERROR_TOPIC'].flatMap((name) => {
      const variable = environment.get(name);
      return variable === undefined ? [] : shadowed(variable);
    });
  }
  // Who sets a share by hand knows of something that we do not.
  if (environment.has('KAFKA_TRAFFIC_SHARE')) return [];
  const share = shareOf(sdep, predictor);
  return share === undefined
    ? []
    : [{ name: 'KAFKA_TRAFFIC_SHARE', value: formatTrafficShare(share) }];
}

function shadowed({ name, text, written, from }: Variable): EnvVar[] {
  const topic = text ?? written;
  if (topic !== undefined) return [{ name, value: shadowTopic(topic) }];
  if (from === undefined) return [];
  // Kubernetes puts in what only the pod will know.
  const original = `${name}_SHADOWED`;
  return [
    { name: original, valueFrom: from },
    { name, value: shadowTopic(`$(${original})`) },
  ];
}
