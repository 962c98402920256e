/** `--file`: the predictor in a SeldonDeployment that lies in a file, instead of ENGINE_PREDICTOR. */

import { encodePredictor, findPredictor } from '../graph/predictor-entry.ts';
import { type EnginePredictor, enginePredictor } from './predictor.ts';

/** How settings come by what lies in files. */
export interface ConfigFiles {
  /** @returns undefined where there is no such file; throws where it cannot be read */
  readonly readText: (path: string) => string | undefined;
  /** Reads YAML or JSON; throws an Error that says what is wrong with it. */
  readonly readObjects: (text: string) => readonly unknown[];
}

/** For callers without files: there are none. */
export const noFiles: ConfigFiles = { readText: () => undefined, readObjects: () => [] };

export type PredictorInFile =
  | { readonly engine: EnginePredictor; readonly problem?: undefined }
  | { readonly engine?: undefined; readonly problem: string };

/** @returns a reader that reads each file once */
export function readPredictorFile(
  files: ConfigFiles,
): (path: string, predictor: string) => PredictorInFile {
  const known = new Map<string, PredictorInFile>();
  return (path, predictor) => {
    const found = known.get(path) ?? read(files, path, predictor);
    known.set(path, found);
    return found;
  };
}

function read(files: ConfigFiles, path: string, predictor: string): PredictorInFile {
  const wrong = (reason: string): PredictorInFile => ({
    problem: `PREDICTOR_FILE (--file) ${path}: ${reason}`,
  });
  let objects: readonly unknown[];
  try {
    const text = files.readText(path);
    if (text === undefined) return wrong('there is no such file');
    objects = files.readObjects(text);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const [resource] = objects;
  if (objects.length !== 1) return wrong(`expected one SeldonDeployment, found ${objects.length}`);
  const found = findPredictor(resource, predictor);
  if (!found.ok) return wrong(found.problem);
  const parsed = enginePredictor.safeParse(encodePredictor(found.entry));
  return parsed.success
    ? { engine: parsed.data }
    : wrong(parsed.error.issues.map(({ message }) => message).join('; '));
}
