/** Whether the Kafka settings of a SeldonDeployment's predictors can work, by themselves and together. */

import type { Finding } from './finding.ts';
import { checkInputs } from './kafka-check-inputs.ts';
import { checkSettings } from './kafka-check-settings.ts';
import { environmentOf, predictorField } from './kafka-environment.ts';
import type { Reference } from './rendered.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

export interface KafkaFindings {
  /** The adapters could not run, or would lose or repeat records. */
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** What the `KAFKA_…` variables are read from. */
  readonly references: readonly Reference[];
}

/** Checks every predictor; nothing is found where no Kafka path is on. */
export function checkKafka(sdep: SeldonDeployment): KafkaFindings {
  const { predictors } = sdep.spec;
  const single = predictors.flatMap((predictor) => checkSettings(sdep, predictor));
  const inputs = checkInputs(sdep);
  return {
    problems: [...single, ...inputs.problems],
    warnings: inputs.warnings,
    references: predictors.flatMap((predictor) =>
      references(predictor, predictorField(predictors, predictor)),
    ),
  };
}

function references(predictor: Predictor, field: string): Reference[] {
  const found: Reference[] = [];
  for (const { name, from, index } of environmentOf(predictor).values()) {
    if (!name.startsWith('KAFKA_') || from === undefined) continue;
    const path = `${field}.svcOrchSpec.env[${index}].valueFrom`;
    for (const [kind, source] of [
      ['Secret', 'secretKeyRef'],
      ['ConfigMap', 'configMapKeyRef'],
    ] as const) {
      const reference = from[source];
      if (reference === undefined || reference.optional === true) continue;
      const { name: object, key } = reference;
      found.push({ kind, name: object, keys: [key], field: `${path}.${source}` });
    }
  }
  return found;
}
