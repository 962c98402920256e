/** `doctor`: one verdict, with its evidence, over the whole chain of a SeldonDeployment. */

import { type DoctorConfig, doctorSettings, parseDoctorConfig } from '../config/doctor.ts';
import { withConsumers } from '../controller/doctor/consumers.ts';
import { type Diagnosis, diagnose } from '../controller/doctor/diagnose.ts';
import { reportJson, reportText } from '../controller/doctor/report.ts';
import type { Snapshot } from '../controller/doctor/snapshot.ts';
import { subjectOf } from '../controller/doctor/subject.ts';
import { exitCodeOf } from '../controller/doctor/verdict.ts';
import { gatherSnapshot } from '../controller/gather/gather-snapshot.ts';
import type { RenderSettings } from '../controller/render/rendered.ts';
import { KubernetesApiError } from '../kubernetes/api-error.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { createLogger } from '../observability/logger.ts';
import { wallClock } from './clock.ts';
import type { Command, CommandContext } from './command.ts';
import { kafkaSecurityProblems } from './kafka-security.ts';
import { leaseName } from './lease-name.ts';
import { readRendering } from './rendering.ts';

/** It could not be looked at. */
const blind = 3;

export const doctor: Command = {
  name: 'doctor',
  summary: 'says what is wrong with a SeldonDeployment, from Trigger to predictor and Kafka',
  settings: doctorSettings,
  examples: [
    [
      'seldon-eventing doctor iris-deployment',
      'every check with its evidence, and one verdict; exit code 0 all well, 1 something is wrong, 3 it could not be looked at',
    ],
    [
      'seldon-eventing doctor models/iris-deployment --output json',
      'the same for scripts, of the namespace models',
    ],
    [
      'seldon-eventing doctor iris-deployment --kafka-broker 127.0.0.1:9092',
      'asks Kafka too: topics, permissions, the group and its offsets; writes nothing',
    ],
  ],
  start: async (context) => {
    const parsed = parseDoctorConfig(context.args, context.environment);
    if (!parsed.ok) return { kind: 'wrong-settings', problems: parsed.problems };
    const problems = asksKafka(parsed.values) ? kafkaSecurityProblems(parsed.values) : [];
    if (problems.length > 0) return { kind: 'wrong-settings', problems };
    const rendering = await readRendering(parsed.values);
    if (!rendering.ok) return { kind: 'wrong-settings', problems: rendering.problems };
    const { openClient } = await import('./open-client.ts');
    const { kubeconfig, context: chosen } = parsed.values;
    const client = openClient(kubeconfig, createLogger('silent'), chosen);
    if (!client.ok) return { kind: 'wrong-settings', problems: client.problems };
    const stopping = new AbortController();
    const { signal } = stopping;
    const deps = { client: client.values, settings: rendering.values, signal };
    const done = run(parsed.values, deps, context);
    const stop = async (): Promise<void> => stopping.abort();
    // Half a look must not pass for one that found nothing.
    return { kind: 'running', running: { done, stop, codeWhenStopped: blind } };
  },
};

const asksKafka = ({ kafka, brokers }: DoctorConfig): boolean =>
  kafka === undefined ? brokers !== undefined : kafka === 'true';

interface DoctorDeps {
  readonly client: KubernetesClient;
  readonly settings: RenderSettings;
  readonly signal: AbortSignal;
}

async function run(
  config: DoctorConfig,
  deps: DoctorDeps,
  { print, complain }: CommandContext,
): Promise<number> {
  try {
    const diagnosis = diagnose(await gather(config, deps), deps.settings);
    print(config.output === 'json' ? reportJson(diagnosis) : textOf(diagnosis));
    return exitCodeOf(diagnosis.verdict);
  } catch (error) {
    if (!(error instanceof KubernetesApiError)) throw error;
    const told = `seldon-eventing doctor: it could not be looked at: ${error.message}`;
    if (!deps.signal.aborted) complain(told);
    return blind;
  } finally {
    await deps.client.close();
  }
}

const textOf = (diagnosis: Diagnosis): string => reportText(diagnosis).join('\n');

async function gather(
  config: DoctorConfig,
  { client, settings, signal }: DoctorDeps,
): Promise<Snapshot> {
  const { sdep, controllerNamespace: leaseNamespace } = config;
  const [namespace = '', name = ''] = sdep.includes('/')
    ? sdep.split('/')
    : [config.namespace ?? client.defaultNamespace ?? 'default', sdep];
  const options = { namespace, name, leaseNamespace, leaseName, settings };
  const snapshot = await gatherSnapshot(options, { client, wallClock, signal });
  const { resource } = snapshot;
  if (!asksKafka(config) || resource.kind !== 'seen') return snapshot;
  const { inspectPredictors } = await import('./inspect-predictors.ts');
  const subject = withConsumers(subjectOf(namespace, name, resource.value, settings), snapshot);
  return { ...snapshot, kafka: await inspectPredictors(config, subject.kafka) };
}
