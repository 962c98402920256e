/**
 * The annotation `seldon-eventing.io/response-source`: the source of a predictor's reply events, for
 * Triggers whose filter names another than `seldon.<sdep>.<namespace>`.
 */

import { uriKind } from '../../event/uri.ts';
import type { Finding } from './finding.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

const annotation = 'seldon-eventing.io/response-source';

/** @returns undefined where it stands nowhere; the predictor's own goes before spec's and the resource's */
export const responseSourceOf = (
  sdep: SeldonDeployment,
  predictor: Predictor,
): string | undefined =>
  predictor.annotations?.[annotation] ??
  sdep.spec.annotations?.[annotation] ??
  sdep.metadata.annotations?.[annotation];

/** Whether each can be the source of an event, wherever it stands. */
export function checkResponseSources({ metadata, spec }: SeldonDeployment): Finding[] {
  const places = [
    ['metadata', metadata.annotations],
    ['spec', spec.annotations],
    ...spec.predictors.map((it, i) => [`spec.predictors[${i}]`, it.annotations] as const),
  ] as const;
  return places.flatMap(([place, annotations]) => {
    const given = annotations?.[annotation];
    if (given === undefined || (given !== '' && uriKind(given) !== undefined)) return [];
    const field = `${place}.annotations["${annotation}"]`;
    const message = `${field}: ${JSON.stringify(given.slice(0, 63))} is no URI reference, which the source of an event must be; write one such as seldon.${metadata.name.slice(0, 63)}`;
    return [{ reason: 'ResponseSourceInvalid', message }];
  });
}
