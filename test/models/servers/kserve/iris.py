"""The iris model on KServe's Python server, over v1 and v2."""

import os
import sys

import kserve
from kserve import InferOutput, InferResponse
from kserve.errors import InvalidInput
from kserve.utils.utils import generate_uuid

sys.path.append(os.path.dirname(os.getcwd()))
from iris_model import WrongShape, probabilities  # noqa: E402


class Iris(kserve.Model):
    def __init__(self, name):
        super().__init__(name)
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": predicted(payload["instances"]).tolist()}
        numbers = predicted(payload.inputs[0].as_numpy())
        output = InferOutput("probabilities", list(numbers.shape), "FP64")
        output.set_data_from_numpy(numbers, binary_data=False)
        return InferResponse(
            response_id=payload.id or generate_uuid(), model_name=self.name, infer_outputs=[output]
        )


def predicted(rows):
    try:
        return probabilities(rows)
    except WrongShape as error:
        raise InvalidInput(str(error))


def main():
    kserve.ModelServer().start([Iris("iris")])
