"""SQL functions that every engine has, under one name each."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Dialect, Float, Text, TypeDecorator, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from review.store.texts import fold

FOLD_ON_SQLITE = "review_fold"
"""Registered by each connection; SQLite's own lower() knows ASCII only."""


class SecondsBetween(FunctionElement[float]):
    """The time between two times in seconds, NULL when one is missing."""

    name = "seconds_between"
    type = Float()
    inherit_cache = True


class Folded(FunctionElement[str]):
    """A text without case and compatibility forms, as review.store.texts.fold does it."""

    name = "folded"
    type = Text()
    inherit_cache = True


class JsonText(FunctionElement[str]):
    """What a JSON value holds at a path, as text; NULL when there is nothing."""

    name = "json_text"
    type = Text()
    inherit_cache = True


class JsonOverlaps(FunctionElement[bool]):
    """Whether a JSON list of strings has one of some strings."""

    name = "json_overlaps"
    type = Boolean()
    inherit_cache = True


def seconds_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> SecondsBetween:
    """The time from `start` to `end` in seconds."""
    return SecondsBetween(start, end)


def folded(text: ColumnElement[Any]) -> Folded:
    """The text in the form in which texts are compared."""
    return Folded(text)


def json_text(value: ColumnElement[Any], path: str) -> ColumnElement[str]:
    """What is at a key or, with dots, at a path of keys; a key that has the dots in its name goes first."""
    at_key = JsonText(value, _path([path]))
    return func.coalesce(at_key, JsonText(value, _path(path.split(".")))) if "." in path else at_key


def json_overlaps(values: ColumnElement[Any], *wanted: str) -> JsonOverlaps:
    """Whether a list has one of the wanted strings."""
    return JsonOverlaps(values, *(bindparam(None, text, type_=Text(), unique=True) for text in wanted))


def contains_text(operand: ColumnElement[Any], needle: str) -> ColumnElement[bool]:
    """Whether a text contains another, whatever their case; in any script."""
    if needle.isascii():
        return operand.icontains(needle, autoescape=True)
    return folded(operand).contains(fold(needle), autoescape=True)


class _KeyPath(TypeDecorator[list[str]]):
    """Keys from the outside in: an array on PostgreSQL, a path expression on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        # SQLite's paths know no way to write a quote in a key, so such a key is never found.
        return "$" + "".join('."' + key.replace('"', "") + '"' for key in value)


def _path(keys: list[str]) -> ColumnElement[Any]:
    return bindparam(None, keys, type_=_KeyPath(), unique=True)


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(SecondsBetween, "sqlite")
def _(element: SecondsBetween, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = _arguments(element, compiler, **kw)
    return f"(({end} - {start}) / 1000000.0)"


@compiles(SecondsBetween, "postgresql")
def _(element: SecondsBetween, compiler: SQLCompiler, **kw: Any) -> str:
    start, end = _arguments(element, compiler, **kw)
    return f"extract(epoch from ({end} - {start}))::float8"


@compiles(Folded, "sqlite")
def _(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    (text,) = _arguments(element, compiler, **kw)
    return f"{FOLD_ON_SQLITE}({text})"


@compiles(Folded, "postgresql")
def _(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    (text,) = _arguments(element, compiler, **kw)
    return f"lower(normalize({text}, NFKC))"


@compiles(JsonText, "sqlite")
def _(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    value, path = _arguments(element, compiler, **kw)
    # json_extract gives 1 and 0 for true and false.
    return (
        f"CASE json_type({value}, {path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
        f"ELSE CAST(json_extract({value}, {path}) AS TEXT) END"
    )


@compiles(JsonText, "postgresql")
def _(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    value, path = _arguments(element, compiler, **kw)
    return f"({value} #>> {path})"


@compiles(JsonOverlaps, "sqlite")
def _(element: JsonOverlaps, compiler: SQLCompiler, **kw: Any) -> str:
    values, *wanted = _arguments(element, compiler, **kw)
    any_of = ", ".join(wanted)
    return f"EXISTS (SELECT 1 FROM json_each({values}) WHERE value IN ({any_of}))"  # noqa: S608 - compiled clauses


@compiles(JsonOverlaps, "postgresql")
def _(element: JsonOverlaps, compiler: SQLCompiler, **kw: Any) -> str:
    values, *wanted = _arguments(element, compiler, **kw)
    return f"({values} ?| ARRAY[{', '.join(wanted)}]::text[])"
