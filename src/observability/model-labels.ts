/** What the metrics of a model say of it. */

/** What tells a predictor's models apart. */
export interface ModelName {
  /** Of its node in the graph; empty where it is not known. */
  readonly name: string;
  readonly image: string;
  readonly version: string;
}

/** As Seldon's executor has them. */
export const modelLabels = ['model_name', 'model_image', 'model_version'] as const;

/** Their values for one model. */
export const labelsOf = ({ name, image, version }: ModelName) => ({
  model_name: name,
  model_image: image,
  model_version: version,
});
