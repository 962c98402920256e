"""A transformer of Seldon's Python wrapper: one more than it is given."""


class AddOne:
    def transform_input(self, features, names, meta=None):
        return features + 1

    def tags(self):
        return {"added": 1}
