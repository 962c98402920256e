/** The variables of the adapter's container. */

import { serverTypeOf } from './call-style.ts';
import { enginePredictor } from './engine-predictor.ts';
import { kafkaEnvOf } from './kafka-env.ts';
import { metricsPath } from './labels.ts';
import { mergeEnv } from './merge-container.ts';
import type { PlannedPredictor } from './plan.ts';
import { responseSourceOf } from './response-source.ts';
import type { EnvVar } from './seldon-deployment.ts';
import { tlsEnv } from './server-tls.ts';

/**
 * Makes the adapter's variables. Those of `svcOrchSpec.env` stand after ours and instead of ours;
 * only what lets predictors share a topic stands instead of theirs.
 * @param images what each container of the predictor runs
 */
export function adapterEnv(plan: PlannedPredictor, images: ReadonlyMap<string, string>): EnvVar[] {
  const { sdep, predictor, settings } = plan;
  const responseSource = responseSourceOf(sdep, predictor);
  const ours: EnvVar[] = [
    { name: 'SELDON_DEPLOYMENT_ID', value: sdep.metadata.name },
    // The pod's own, so that it holds in whatever namespace the manifest is applied to.
    { name: 'SELDON_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    { name: 'PREDICTOR_ID', value: predictor.name },
    { name: 'SELDON_PROTOCOL', value: plan.protocol },
    { name: 'SELDON_TRANSPORT', value: plan.transport },
    ...(plan.protocol === 'seldon' ? [] : [{ name: 'MODEL_NAME', value: predictor.graph.name }]),
    { name: 'SERVER_TYPE', value: serverTypeOf(sdep) ?? 'rpc' },
    { name: 'HTTP_PORT', value: String(settings.httpPort) },
    ...(plan.transport === 'grpc' ? [{ name: 'GRPC_PORT', value: String(settings.grpcPort) }] : []),
    { name: 'METRICS_PATH', value: metricsPath },
    ...tlsEnv(predictor),
    ...(responseSource === undefined ? [] : [{ name: 'RESPONSE_SOURCE', value: responseSource }]),
    { name: 'ENGINE_PREDICTOR', value: enginePredictor(plan, images) },
  ];
  const given = mergeEnv(ours, predictor.svcOrchSpec?.env);
  return mergeEnv(given, kafkaEnvOf(sdep, predictor));
}
