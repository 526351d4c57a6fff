"""Functions of moments and spans of time: col("a").dt."""

import datetime

from .._native import frame as _native

_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NANOSECONDS = datetime.timedelta(microseconds=1)


def _span(every):
    """A span of time as text; a timedelta in microseconds."""
    return f"{every // _NANOSECONDS}us" if isinstance(every, datetime.timedelta) else every


class TimeFunctions:
    """Of one expression, of Date, Datetime (of UTC or of no zone) or Duration."""

    def __init__(self, expression):
        self._expression = expression

    def _of(self, name, *inputs, options=()):
        return _native.function("dt." + name, [self._expression, *inputs], options)

    def year(self):
        return self._of("year")

    def iso_year(self):
        return self._of("iso_year")

    def quarter(self):
        return self._of("quarter")

    def month(self):
        return self._of("month")

    def week(self):
        return self._of("week")

    def weekday(self):
        return self._of("weekday")

    def day(self):
        return self._of("day")

    def ordinal_day(self):
        return self._of("ordinal_day")

    def is_leap_year(self):
        return self._of("is_leap_year")

    def days_in_month(self):
        return self._of("days_in_month")

    def date(self):
        return self._of("date")

    def hour(self):
        return self._of("hour")

    def minute(self):
        return self._of("minute")

    def second(self):
        return self._of("second")

    def millisecond(self):
        return self._of("millisecond")

    def microsecond(self):
        return self._of("microsecond")

    def nanosecond(self):
        return self._of("nanosecond")

    def truncate(self, every):
        return self._of("truncate", _span(every))

    def offset_by(self, by):
        return self._of("offset_by", _span(by))

    def timestamp(self, time_unit="us"):
        if time_unit not in _PER_SECOND:
            raise ValueError(f"time_unit is one of {', '.join(_PER_SECOND)}, not {time_unit!r}")
        return self._of("timestamp", options=[_PER_SECOND[time_unit]])

    def epoch(self, time_unit="us"):
        if time_unit == "d":
            return self.date().cast(_native.Int32)
        return self._of("timestamp", options=[1]) if time_unit == "s" else self.timestamp(time_unit)

    def total_days(self, *, fractional=False):
        return self._of("total", options=[-86_400, fractional])

    def total_hours(self, *, fractional=False):
        return self._of("total", options=[-3_600, fractional])

    def total_minutes(self, *, fractional=False):
        return self._of("total", options=[-60, fractional])

    def total_seconds(self, *, fractional=False):
        return self._of("total", options=[1, fractional])

    def total_milliseconds(self, *, fractional=False):
        return self._of("total", options=[1_000, fractional])

    def total_microseconds(self, *, fractional=False):
        return self._of("total", options=[1_000_000, fractional])

    def total_nanoseconds(self, *, fractional=False):
        return self._of("total", options=[1_000_000_000, fractional])

    def strftime(self, format):
        return self._of("strftime", options=[format])

    def to_string(self, format=None):
        return self._of("strftime", options=[None if format == "iso" else format])
