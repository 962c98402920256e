"""The iris model as a runtime of MLServer."""

import os
import sys

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse

sys.path.append(os.path.dirname(os.getcwd()))
from iris_model import WrongShape, probabilities  # noqa: E402


class Iris(MLModel):
    async def load(self):
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        try:
            output = NumpyCodec.encode_output("probabilities", probabilities(rows))
        except WrongShape as error:
            raise InferenceError(str(error))
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=[output])
