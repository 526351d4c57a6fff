"""when(...).then(...).when(...).then(...).otherwise(...): the first condition that holds chooses."""

from .._native import frame as _native


class When:
    def __init__(self, condition, before):
        self._condition, self._before = condition, before

    def then(self, value):
        return Then([*self._before, (self._condition, value)])


class Then:
    def __init__(self, branches):
        self._branches = branches

    def when(self, condition):
        return When(condition, self._branches)

    def otherwise(self, value):
        for condition, then in reversed(self._branches):
            value = _native.when(condition, then, value)
        return value
