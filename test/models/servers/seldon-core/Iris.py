"""The iris model behind Seldon's Python wrapper."""

import os
import sys

from seldon_core.flask_utils import SeldonMicroserviceException

sys.path.append(os.path.dirname(os.getcwd()))
from iris_model import MODEL, WrongShape, probabilities  # noqa: E402


class Iris:
    def predict(self, features, names, meta=None):
        try:
            return probabilities(features)
        except WrongShape as error:
            raise SeldonMicroserviceException(str(error))

    def class_names(self):
        return MODEL["classNames"]
