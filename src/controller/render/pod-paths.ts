/** Where things are mounted, as Seldon's images expect them. */

/** The pod's annotations, which the adapter and Seldon's wrappers read limits from. */
export const podInfoVolume = 'seldon-podinfo';
export const podInfoPath = '/etc/podinfo';

/** The model's files. */
export const modelPath = '/mnt/models';

/** A persistent volume that a model is read from. */
export const claimPath = '/mnt/pvc';
