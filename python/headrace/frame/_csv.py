"""Text with separators: scan_csv and read_csv."""

from .._native import frame as _native


def _source(source):
    """A path, or the bytes of what is no path."""
    if hasattr(source, "read"):
        source = source.read()
        if isinstance(source, str):
            source = source.encode()
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    return source


def _encoding(encoding):
    if encoding not in ("utf8", "utf8-lossy"):
        raise ValueError(f"encoding={encoding!r} is not known; utf8 and utf8-lossy are")
    return encoding == "utf8-lossy"


def _character(name, text):
    if text is not None and (len(text) != 1 or not "\x00" < text < "\x80"):
        raise ValueError(f"{name}={text!r} must be one character of ASCII")
    return text


def scan_csv(
    source,
    *,
    has_header=True,
    separator=",",
    comment_prefix=None,
    quote_char='"',
    skip_rows=0,
    schema=None,
    schema_overrides=None,
    null_values=None,
    empty_string_is_null=True,
    missing_utf8_is_empty_string=False,
    ignore_errors=False,
    infer_schema=True,
    infer_schema_length=100,
    n_rows=None,
    encoding="utf8",
    skip_rows_after_header=0,
    row_index_name=None,
    row_index_offset=0,
    try_parse_dates=False,
    eol_char="\n",
    new_columns=None,
    truncate_ragged_lines=False,
    raise_if_empty=True,
    decimal_comma=False,
    glob=True,
):
    overrides = schema_overrides or {}
    by_column = isinstance(null_values, dict)
    nulls = [] if null_values is None or by_column else [null_values] if isinstance(null_values, str) else list(null_values)
    options = {
        "has_header": has_header,
        "separator": _character("separator", separator),
        "comment_prefix": comment_prefix or "",
        "quote_char": _character("quote_char", quote_char),
        "eol_char": _character("eol_char", eol_char),
        "skip_rows": skip_rows,
        "skip_rows_after_header": skip_rows_after_header,
        "new_columns": None if new_columns is None else list(new_columns),
        "schema": None if schema is None else list(dict(schema).items()),
        "schema_overrides": overrides if isinstance(overrides, dict) else {},
        "types": None if isinstance(overrides, dict) else list(overrides),
        "null_values": nulls,
        "null_value_of": null_values if by_column else {},
        "empty_string_is_null": empty_string_is_null and not missing_utf8_is_empty_string,
        "ignore_errors": ignore_errors,
        "try_parse_dates": try_parse_dates,
        "infer_schema_length": infer_schema_length if infer_schema else 0,
        "is_lossy": _encoding(encoding),
        "truncate_ragged_lines": truncate_ragged_lines,
        "decimal_comma": decimal_comma,
        "raise_if_empty": raise_if_empty,
        "glob": glob,
    }
    sources = source if isinstance(source, (list, tuple)) else [source]
    frame = _native.scan_csv([_source(one) for one in sources], options)
    if n_rows is not None:
        frame = frame.head(n_rows)
    return frame if row_index_name is None else frame.with_row_index(row_index_name, row_index_offset)


def read_csv(source, *, columns=None, row_index_name=None, row_index_offset=0, **options):
    frame = scan_csv(source, **options)
    if columns is not None:
        named = frame.columns
        frame = frame.select([named[one] if isinstance(one, int) else one for one in columns])
    return (frame if row_index_name is None else frame.with_row_index(row_index_name, row_index_offset)).collect()


def sink_csv(
    self,
    path,
    *,
    include_bom=False,
    compression="uncompressed",
    compression_level=None,
    check_extension=True,
    include_header=True,
    separator=",",
    line_terminator="\n",
    quote_char='"',
    datetime_format=None,
    date_format=None,
    float_scientific=None,
    float_precision=None,
    decimal_comma=False,
    null_value=None,
    quote_style=None,
    memory=None,
    threads=None,
):
    suffixes = {"uncompressed": None, "gzip": ".gz", "zstd": ".zst"}
    if compression not in suffixes:
        raise ValueError(f"compression={compression!r} is not known; uncompressed, gzip and zstd are")
    suffix = suffixes[compression]
    if check_extension and suffix and not hasattr(path, "write") and not str(path).endswith(suffix):
        raise ValueError(f"{path} is to end with {suffix}, as what is written is; check_extension=False allows other names")
    options = {
        "include_bom": include_bom,
        "compression": compression,
        "compression_level": compression_level,
        "include_header": include_header,
        "separator": _character("separator", separator),
        "line_terminator": line_terminator,
        "quote_char": _character("quote_char", quote_char),
        "datetime_format": datetime_format,
        "date_format": date_format,
        "float_scientific": float_scientific,
        "float_precision": float_precision,
        "decimal_comma": decimal_comma,
        "null_value": null_value or "",
        "quote_style": quote_style or "necessary",
    }
    _native.write_csv(self, _target(path), options, memory, threads)


def _target(path):
    """A path, or a function that takes bytes."""
    if not hasattr(path, "write"):
        return path
    is_text = hasattr(path, "encoding")
    return (lambda data: path.write(data.decode())) if is_text else path.write


def write_csv(self, file=None, **options):
    if file is not None:
        return sink_csv(self.lazy(), file, **options)
    pieces = []
    sink_csv(self.lazy(), type("Pieces", (), {"write": staticmethod(pieces.append)}), **options)
    return b"".join(pieces).decode()
