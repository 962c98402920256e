"""A model of Seldon's Python wrapper: twice what it is given."""

import time

from seldon_core.flask_utils import SeldonMicroserviceException


class Doubler:
    def __init__(self):
        self.rewards = 0.0

    def predict(self, features, names, meta=None):
        if (features > 1000).any():
            raise SeldonMicroserviceException("too large to double")
        if (features < 0).any():
            raise ValueError("nothing below zero is doubled")
        if (features == 500).any():
            time.sleep(1)
        return features * 2

    def send_feedback(self, features, names, reward, truth, routing=None):
        self.rewards += reward

    def tags(self):
        return {"rewards": self.rewards}

    def metrics(self):
        return [{"type": "COUNTER", "key": "doubled", "value": 1}]
