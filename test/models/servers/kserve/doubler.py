"""A model of KServe's Python server, over v1 and v2: twice what it is given."""

import time

import kserve
import numpy
from kserve import InferOutput, InferResponse
from kserve.errors import InvalidInput
from kserve.utils.utils import generate_uuid


class Doubler(kserve.Model):
    def __init__(self, name):
        super().__init__(name)
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": double(numpy.array(payload["instances"])).tolist()}
        return InferResponse(
            response_id=payload.id or generate_uuid(),
            model_name=self.name,
            infer_outputs=[doubled(tensor, payload.use_binary_outputs) for tensor in payload.inputs],
            use_binary_outputs=payload.use_binary_outputs,
        )


def double(numbers):
    if (numbers > 1000).any():
        raise InvalidInput("too large to double")
    if (numbers < 0).any():
        raise ValueError("nothing below zero is doubled")
    if (numbers == 500).any():
        time.sleep(1)
    return numbers * 2


def doubled(tensor, as_bytes):
    numbers = double(tensor.as_numpy())
    output = InferOutput("doubled", list(numbers.shape), tensor.datatype)
    output.set_data_from_numpy(numbers, binary_data=as_bytes)
    return output


def main():
    kserve.ModelServer().start([Doubler("doubler"), Doubler("doubler-too")])
