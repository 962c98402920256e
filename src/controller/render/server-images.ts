/** The images of prepackaged servers that are used unless others are configured. */

import type { ServerImages } from './rendered.ts';

/**
 * Seldon's own servers are those of Seldon Core 1.18.2. MLServer is 1.7.1, the version that the
 * adapter is tested against.
 */
export const defaultServerImages: ServerImages = {
  storageInitializer: 'seldonio/rclone-storage-initializer:1.18.2',
  byImplementation: {
    SKLEARN_SERVER: {
      image: 'seldonio/sklearnserver:1.18.2',
      v2Image: 'seldonio/mlserver:1.7.1-sklearn',
    },
    XGBOOST_SERVER: {
      image: 'seldonio/xgboostserver:1.18.2',
      v2Image: 'seldonio/mlserver:1.7.1-xgboost',
    },
    MLFLOW_SERVER: {
      image: 'seldonio/mlflowserver:1.18.2',
      v2Image: 'seldonio/mlserver:1.7.1-mlflow',
    },
    TENSORFLOW_SERVER: {
      // A proxy from Seldon's protocol to the TensorFlow Serving beside it.
      image: 'seldonio/tfserving-proxy:1.18.2',
      tensorflowImage: 'tensorflow/serving:2.1.0',
    },
    TRITON_SERVER: {
      image: 'nvcr.io/nvidia/tritonserver:21.08-py3',
      v2Image: 'nvcr.io/nvidia/tritonserver:21.08-py3',
    },
  },
};
