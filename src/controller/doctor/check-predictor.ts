/** Whether the adapter can call its predictor: what makes its pods ready. */

import { adapterContainer } from '../render/names.ts';
import { type Check, evidence, fault, fine, note, unseen, warning } from './check.ts';
import { podsOf } from './check-pods.ts';
import type { PodView } from './pod.ts';
import { some } from './reading.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

export function checkPredictor(snapshot: Snapshot, { namespace }: Subject): Check[] {
  if (snapshot.pods.kind === 'unseen') {
    return [unseen('predictor', 'whether the predictor answers', snapshot.pods.reason)];
  }
  const running = podsOf(snapshot).flatMap((pod) => {
    const adapter = pod.containers.find(({ name }) => name === adapterContainer);
    return adapter?.isRunning === true ? [{ pod, isReady: adapter.ready }] : [];
  });
  if (running.length === 0) {
    return [note('predictor', 'no adapter runs that could tell whether its predictor answers')];
  }
  const unready = running.filter(({ isReady }) => !isReady).map(({ pod }) => pod);
  if (unready.length === 0) {
    const told = `the predictor answers: ${running.length} of ${running.length} adapters are ready`;
    return [fine('predictor', told)];
  }
  const waits = unreadyModels(unready);
  const names = some(unready.map(({ name }) => name));
  const told =
    waits.length > 0
      ? `${names}: the adapter waits for ${some(waits)}`
      : `${names}: the adapter runs but is not ready: its predictor cannot be called, or it has not joined its consumer group`;
  const shown = {
    evidence: unready
      .slice(0, 3)
      .map(({ name }) =>
        evidence(
          `Pod ${namespace}/${name}`,
          `status.containerStatuses[${adapterContainer}].ready`,
          false,
        ),
      ),
    follows: ['pods', 'kafka', 'topics', 'permissions'] as const,
  };
  const todo = askIt(namespace, unready[0]?.name ?? '', waits);
  // While others answer, as in a rollout, events are answered too.
  const isPart = unready.length < running.length;
  return [(isPart ? warning : fault)('predictor', told, todo, shown)];
}

function unreadyModels(pods: readonly PodView[]): string[] {
  const names = pods.flatMap(({ containers }) =>
    containers
      .filter(({ name, ready, isInit }) => name !== adapterContainer && !ready && !isInit)
      .map(({ name }) => name),
  );
  return [...new Set(names)];
}

/** The adapter says what stands in the way, part by part. */
function askIt(namespace: string, pod: string, waits: readonly string[]): string {
  const script =
    "fetch('http://127.0.0.1:'+process.env.HTTP_PORT+'/readyz').then(r=>r.text()).then(console.log)";
  const logs = waits.length > 0 ? some(waits) : 'the model and the adapter';
  return `ask it: kubectl -n ${namespace} exec ${pod} -c ${adapterContainer} -- node -e "${script}"; then see the logs of ${logs}`;
}
