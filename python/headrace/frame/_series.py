"""Functions of a Series by their names: series.str.contains("a")."""

from .._native import frame as _native


class SeriesFunctions:
    """What col(...).str or col(...).dt has, of one Series."""

    def __init__(self, series, functions):
        self._series, self._functions = series, functions

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        function = getattr(self._functions(_native.col(self._series.name)), name)

        def call(*args, **kwargs):
            made = self._series.to_frame().select(function(*args, **kwargs))
            return made.get_columns()[0].rename(self._series.name)

        return call

    def __dir__(self):
        return [name for name in dir(self._functions) if not name.startswith("_")]
