/**
 * kubectl, helm and kustomize themselves, as a reader finds them by their names. Where nothing runs
 * pods, kubectl does as much as it can without them:
 *
 * | | |
 * |---|---|
 * | `run` | validated by the API server (`--dry-run=server`), since no pod would come |
 * | `wait` | the object and the condition's name are looked up; that it does not come is expected |
 * | `logs` | the Deployment is looked up; that it has no pods is expected |
 * | `rollout status`, `get --watch`, `delete` | without waiting |
 */

import { helmProgram } from '../helm.ts';
import { kustomizeProgram } from '../kustomize.ts';

/** @param kubectl where it is */
export function clusterPrograms(kubectl: string): Readonly<Record<string, string>> {
  const goRun = (tool: string): string => `exec env GOWORK=off go run ${tool} "$@"`;
  return {
    kubectl: withoutPods.replaceAll('KUBECTL', `'${kubectl}'`),
    helm: goRun(helmProgram),
    kustomize: goRun(kustomizeProgram),
    'seldon-eventing': 'exec node dist/main.js "$@"',
  };
}

const withoutPods = `
# Runs it, and forgives that nothing comes.
in_vain() {
  output=$(KUBECTL "$@" 2>&1) && code=0 || code=$?
  printf '%s\\n' "$output"
  case "$output" in
    *'timed out waiting for the condition'*) exit 0 ;;
  esac
  exit $code
}
case " $* " in
  *' run '*)
    for word; do
      shift
      case "$word" in -it|--rm) ;; *) set -- "$@" "$word" ;; esac
      case "$word" in run) set -- "$@" --dry-run=server ;; esac
    done ;;
  *' wait '*) in_vain "$@" --timeout=1s ;;
  *' logs '*) in_vain "$@" --pod-running-timeout=1s ;;
  *' rollout status '*) set -- "$@" --watch=false ;;
  *' delete '*) set -- "$@" --wait=false ;;
  *' --watch '*)
    # What a controller makes comes a moment later.
    for try in 1 2 3 4 5 6 7 8 9 10; do
      KUBECTL "$@" --watch=false && exit 0
      sleep 1
    done ;;
esac
exec KUBECTL "$@"`;
