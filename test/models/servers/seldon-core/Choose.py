"""A router of Seldon's Python wrapper: the first number says which child, and 99 that it fails."""


class Choose:
    def __init__(self):
        self.rewarded = []

    def route(self, features, names, meta=None):
        if features.flat[0] == 99:
            raise ValueError("no way out")
        return int(features.flat[0])

    def send_feedback(self, features, names, reward, truth, routing=None):
        self.rewarded.append([routing, reward])

    def tags(self):
        return {"rewarded": self.rewarded}
