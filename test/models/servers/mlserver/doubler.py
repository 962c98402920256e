"""A runtime of MLServer: twice what it is given."""

import asyncio

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse


class Doubler(MLModel):
    async def load(self):
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = []
        for tensor in payload.inputs:
            numbers = self.decode(tensor, default_codec=NumpyCodec)
            if (numbers > 1000).any():
                raise InferenceError("too large to double")
            if (numbers < 0).any():
                raise ValueError("nothing below zero is doubled")
            if (numbers == 500).any():
                await asyncio.sleep(1)
            outputs.append(NumpyCodec.encode_output("doubled", numbers * 2))
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=outputs)
