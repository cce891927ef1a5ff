"""The lines of an export: one JSON object a row, whose `kind` says of what. What is null is left out.

    {"kind":"export","format":1}                                      the first line
    {"kind":"thread","created_at":"2026-11-20T12:00:00.000000Z",…}    then rows, fields in the order of their names

A file of ours is called by `file`, which is its key without the project: it is another project where it arrives. Keys
of objects are sorted, since one of the engines keeps no order: equal projects are equal files, byte by byte.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import orjson

from review.errors import Refused
from review.files.keys import is_key_of, key_of, within_project
from review.ingest import coerce
from review.store.portable import KINDS, Row
from review.store.types import JsonValue, UtcTime

HEADER: Final[Mapping[str, Any]] = {"kind": "export", "format": 1}


def header_line() -> bytes:
    """The first line."""
    return orjson.dumps(dict(HEADER)) + b"\n"


def line_of(project_id: str, kind: str, row: Row) -> bytes:
    """A row as a line."""
    told = {name: _told(value) for name, value in row.items() if value is not None}
    if kind == "attachment" and (file := within_project(project_id, told.get("object_key", ""))):
        told["file"] = file
        del told["object_key"]
    rest = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    return b'{"kind":' + orjson.dumps(kind) + b"," + rest[1:] + b"\n"


def row_of(project_id: str, line: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind and the row of a line, for the project it goes into.

    Raises:
        Refused: it is no such row; the message says why.
    """
    told = dict(line)
    kind = told.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(f"kind: must be one of {', '.join(KINDS)}, not {kind!r}")
    if kind == "attachment" and "file" in told:
        told["object_key"] = _key_of_file(project_id, told.pop("file"))
    columns = KINDS[kind].columns
    row: dict[str, Any] = {}
    for name, value in told.items():
        if name not in columns:
            raise Refused(f"{name}: a {kind} has no such field")
        if value is not None:
            row[name] = _read(name, columns[name].type, value)
    for name in KINDS[kind].required:
        if name not in row:
            raise Refused(f"{name}: a {kind} must have one")
    return kind, row


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


def _read(name: str, type_: Any, value: Any) -> Any:
    match type_:
        case JsonValue():
            return value
        case UtcTime():
            time = coerce.time(value)
            if time is None:
                raise Refused(f"{name}: {value!r} is no time in ISO 8601")
            return time
        case _:
            wanted = cast("type", type_.python_type)
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            if wanted is float and is_whole:
                return float(value)
            if not isinstance(value, wanted) or (wanted is int and not is_whole):
                raise Refused(f"{name}: must be a {wanted.__name__}, not {value!r}")
            return value


def _key_of_file(project_id: str, file: Any) -> str:
    key = key_of(project_id, file) if isinstance(file, str) else ""
    if not is_key_of(project_id, key):
        raise Refused(f"file: {file!r} is no file of an export")
    return key
