/** What a user would expect of a SeldonDeployment and does not get. */

import { serverTypeOf } from './call-style.ts';
import type { Finding } from './finding.ts';
import { labelWarnings } from './labels.ts';
import type { PlannedPredictor } from './plan.ts';
import type { SeldonDeployment } from './seldon-deployment.ts';

const warning = (reason: string, message: string): Finding => ({ reason, message });

/** @param plans those of its predictors, in order */
export const warningsOf = (
  sdep: SeldonDeployment,
  plans: readonly PlannedPredictor[],
): Finding[] => [
  ...trafficWarning(sdep),
  ...plans.flatMap((plan, i) => ofPredictor(plan, `spec.predictors[${i}]`)),
];

/** Kafka's records are split and copied by the adapters; nobody does it for HTTP. */
function trafficWarning(sdep: SeldonDeployment): Finding[] {
  const { predictors } = sdep.spec;
  const isSplit = predictors.length > 1 && predictors.some(({ traffic = 0 }) => traffic > 0);
  const isShadowed = predictors.some(({ shadow }) => shadow === true);
  if (serverTypeOf(sdep) === 'kafka' || !(isSplit || isShadowed)) return [];
  const message =
    'spec.predictors: traffic and shadow have no effect on HTTP requests, which go to the predictor whose address is called; split them by Triggers on the named addresses, or before the Services';
  return [warning('TrafficNotSplit', message)];
}

function ofPredictor(plan: PlannedPredictor, field: string): Finding[] {
  const { predictor, components } = plan;
  const given = components.slice(0, predictor.componentSpecs?.length ?? 0);
  const unheeded = [
    [`${field}.explainer`, predictor['explainer']],
    ...given.map(({ component, index }) => [
      `${field}.componentSpecs[${index}].pdbSpec`,
      component['pdbSpec'],
    ]),
  ];
  const noEngine = predictor.annotations?.['seldon.io/no-engine']?.toLowerCase() === 'true';
  return [
    ...unheeded
      .filter(([, value]) => value !== undefined)
      .map(([at]) => warning('FieldNotHeeded', `${at}: nothing is made of it; deploy it yourself`)),
    ...(noEngine
      ? [
          warning(
            'FieldNotHeeded',
            `${field}.annotations["seldon.io/no-engine"]: the adapter is there all the same, since it is what takes events`,
          ),
        ]
      : []),
    ...labelWarnings(plan, field),
    ...given
      .filter(
        ({ component }) => component.kedaSpec !== undefined && component.hpaSpec !== undefined,
      )
      .map(({ index }) =>
        warning(
          'HpaNotHeeded',
          `${field}.componentSpecs[${index}].hpaSpec: kedaSpec scales the component already; take one out`,
        ),
      ),
  ];
}
