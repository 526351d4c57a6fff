"""Functions of text: col("a").str."""

from .._native import frame as _native


class StringFunctions:
    """Of one expression, which must be of String. Where a value is taken, an expression gives one for each row."""

    def __init__(self, expression):
        self._expression = expression

    def _of(self, name, *inputs, options=()):
        return _native.function("str." + name, [self._expression, *inputs], options)

    def contains(self, pattern, *, literal=False, strict=True):
        return self._of("contains", pattern, options=[literal, strict])

    def find(self, pattern, *, literal=False, strict=True):
        return self._of("find", pattern, options=[literal, strict])

    def count_matches(self, pattern, *, literal=False):
        return self._of("count_matches", pattern, options=[literal])

    def extract(self, pattern, group_index=1):
        return self._of("extract", pattern, options=[group_index])

    def extract_all(self, pattern):
        return self._of("extract_all", pattern)

    def replace(self, pattern, value, *, literal=False, n=1):
        return self._of("replace", pattern, value, options=[literal, n])

    def replace_all(self, pattern, value, *, literal=False):
        return self.replace(pattern, value, literal=literal, n=-1)

    def split(self, by, *, inclusive=False):
        return self._of("split", by, options=[inclusive])

    def starts_with(self, prefix):
        return self._of("starts_with", prefix)

    def ends_with(self, suffix):
        return self._of("ends_with", suffix)

    def like(self, pattern):
        return self._of("like", pattern)

    def slice(self, offset, length=None):
        return self._of("slice", offset, *([] if length is None else [length]))

    def head(self, n):
        return self._of("head", n)

    def tail(self, n):
        return self._of("tail", n)

    def strip_chars(self, characters=None):
        return self._of("strip_chars", *([] if characters is None else [characters]))

    def strip_chars_start(self, characters=None):
        return self._of("strip_chars_start", *([] if characters is None else [characters]))

    def strip_chars_end(self, characters=None):
        return self._of("strip_chars_end", *([] if characters is None else [characters]))

    def strip_prefix(self, prefix):
        return self._of("strip_prefix", prefix)

    def strip_suffix(self, suffix):
        return self._of("strip_suffix", suffix)

    def to_lowercase(self):
        return self._of("to_lowercase")

    def to_uppercase(self):
        return self._of("to_uppercase")

    def reverse(self):
        return self._of("reverse")

    def len_bytes(self):
        return self._of("len_bytes")

    def len_chars(self):
        return self._of("len_chars")

    def pad_start(self, length, fill_char=" "):
        return self._of("pad_start", length, options=[fill_char])

    def pad_end(self, length, fill_char=" "):
        return self._of("pad_end", length, options=[fill_char])

    def zfill(self, length):
        return self._of("zfill", length)

    def to_integer(self, *, base=10, dtype=_native.Int64, strict=True):
        return self._of("to_integer", base, options=[dtype, strict])

    def to_date(self, format=None, *, strict=True):
        return self.strptime(_native.Date, format, strict=strict)

    def to_datetime(self, format=None, *, time_unit="us", time_zone=None, strict=True):
        return self.strptime(_native.Datetime(time_unit, time_zone or ""), format, strict=strict)

    def strptime(self, dtype, format=None, *, strict=True):
        return self._of("strptime", options=[dtype, format, strict])
