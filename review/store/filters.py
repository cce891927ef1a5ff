"""The filters and orders of literal-api.md §3.4 and §3.5, as tables: a field is a line, not a branch.

Every operator has a positive form and most have its opposite; the opposite also holds where there is no value, as
people mean it: "not tagged x" includes what has no tags.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias
from typing import cast as typing_cast

from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, not_, or_

from review.errors import Refused
from review.records import Filter, OrderBy
from review.store.dialects import contains_text, json_overlaps, json_text, seconds_between
from review.store.paging import Order
from review.store.scores import DEFAULT_NAME, DEFAULT_VALUE
from review.store.tables import score, step, thread
from review.store.types import JsonValue, to_json

Kind: TypeAlias = Literal["string", "json", "number", "list", "datetime"]
Condition: TypeAlias = ColumnElement[bool]
Within: TypeAlias = Callable[[Condition, str | None], Condition]
"""Says of a condition on some other table's row that there is such a row; gets the filter's path, too."""

_OPPOSITES: Final = {"neq": "eq", "nilike": "ilike", "nin": "in", "nis": "is"}
_OPERATORS: Final[Mapping[Kind, frozenset[str]]] = {
    "string": frozenset({"eq", "ilike", "in", "is", "gt", "gte", "lt", "lte"}),
    "json": frozenset({"eq", "ilike", "in", "is"}),
    "number": frozenset({"eq", "in", "gt", "gte", "lt", "lte", "is"}),
    "list": frozenset({"in", "eq", "ilike", "is"}),
    "datetime": frozenset({"eq", "gt", "gte", "lt", "lte", "is"}),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a list can be filtered by: one column, or several that say the same, here or in another table."""

    kind: Kind
    columns: Sequence[ColumnElement[Any]]
    within: Within | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list of one noun can be filtered and sorted by."""

    noun: str
    id: ColumnElement[str]
    fields: Mapping[str, Field]
    columns: Mapping[str, tuple[ColumnElement[Any], bool]]
    """Sort columns by name, and whether they may be NULL."""

    def where(self, filters: Sequence[Filter]) -> list[Condition]:
        """The conditions of some filters, to be joined by AND.

        Raises:
            Refused: an unknown field or operator, or a value that does not fit.
        """
        return [self._condition(given) for given in filters]

    def order(self, given: OrderBy | None) -> Order:
        """The order of the list; newest first when none is given.

        Raises:
            Refused: an unknown column or direction.
        """
        asked = given or OrderBy("createdAt", "DESC")
        if asked.column not in self.columns:
            raise Refused(f"{self.noun} can't be ordered by {asked.column}; there is {', '.join(self.columns)}.")
        if asked.direction not in {"ASC", "DESC"}:
            raise Refused(f"{asked.direction} is no direction; there is ASC and DESC.")
        value, nullable = self.columns[asked.column]
        return Order(asked.column, value, self.id, asked.direction, nullable)

    def _condition(self, given: Filter) -> Condition:
        field = self.fields.get(given.field)
        if field is None:
            raise Refused(f"{self.noun} can't be filtered by {given.field}; there is {', '.join(self.fields)}.")
        named = _OPPOSITES.get(given.operator, given.operator)
        if named not in _OPERATORS[field.kind]:
            raise Refused(f"{given.field} has no operator {given.operator}.")
        is_opposite = given.operator in _OPPOSITES
        operands = [_operand(field.kind, column, given.path) for column in field.columns]
        if named == "is" and given.value is None:
            # "is null" is the opposite of "there is a value", here and in other tables.
            is_opposite = not is_opposite
            positive = or_(*(operand.is_not(None) for operand in operands))
        else:
            positive = or_(*(_holds(field.kind, operand, named, given) for operand in operands))
        if field.within is not None:
            positive = field.within(positive, given.path)
        return not_(func.coalesce(positive, False)) if is_opposite else positive


def _operand(kind: Kind, column: ColumnElement[Any], path: str | None) -> ColumnElement[Any]:
    if kind != "json":
        return column
    return json_text(column, path) if path else cast(column, Text)


def _holds(kind: Kind, operand: ColumnElement[Any], named: str, given: Filter) -> Condition:
    if kind == "list":
        return _list_holds(operand, named, given)
    if named == "ilike":
        return contains_text(operand, _as_text(given))
    if named == "in":
        return operand.in_([_value(kind, value, given) for value in _as_list(given)])
    return _COMPARISONS[named](operand, _value(kind, given.value, given))


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Condition]]] = {
    "eq": operator.eq,
    "is": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _list_holds(operand: ColumnElement[Any], named: str, given: Filter) -> Condition:
    if named == "ilike":
        return contains_text(cast(operand, Text), _as_text(given))
    values = [str(value) for value in _as_list(given)]
    return json_overlaps(operand, *values) if isinstance(operand.type, JsonValue) else operand.in_(values)


def _as_list(given: Filter) -> list[Any]:
    value: Any = given.value
    return typing_cast("list[Any]", value) if isinstance(value, list) else [value]


def _value(kind: Kind, value: Any, given: Filter) -> Any:
    match kind:
        case "datetime":
            return _as_time(value, given)
        case "number":
            return _as_number(value, given)
        case _:
            return value if isinstance(value, str) else to_json(value)


def _as_text(given: Filter) -> str:
    return given.value if isinstance(given.value, str) else to_json(given.value)


def _as_number(value: Any, given: Filter) -> float:
    try:
        return value if isinstance(value, int | float) else float(value)
    except (TypeError, ValueError):
        raise Refused(f"{given.field} is compared with a number, not with {to_json(value)}.") from None


def _as_time(value: Any, given: Filter) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(f"{given.field} is compared with a time in ISO 8601, not with {to_json(value)}.") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _in_a_step(condition: Condition, _path: str | None) -> Condition:
    """Some step of the thread is so."""
    of_thread = and_(step.c.project_id == thread.c.project_id, step.c.thread_id == thread.c.id)
    return exists().where(of_thread, condition).correlate(thread)


def _in_a_score(condition: Condition, name: str | None) -> Condition:
    """Some score of the step is so; the filter's path is the score's name."""
    of_step = and_(score.c.project_id == step.c.project_id, score.c.step_id == step.c.id)
    return exists().where(of_step, condition, *_named(name)).correlate(step)


def _in_a_score_of_the_thread(condition: Condition, name: str | None) -> Condition:
    """Some score of some step of the thread is so."""
    return _in_a_step(_in_a_score(condition, name), None)


def _named(name: str | None) -> list[Condition]:
    return [] if name is None else [func.coalesce(score.c.name, DEFAULT_NAME) == name]


def _in_its_thread(condition: Condition, _path: str | None) -> Condition:
    """The thread of the step is so."""
    of_step = and_(thread.c.project_id == step.c.project_id, thread.c.id == step.c.thread_id)
    return exists().where(of_step, condition).correlate(step)


_SCORE_VALUE: Final = func.coalesce(score.c.value, DEFAULT_VALUE)

THREADS: Final = Listing(
    noun="threads",
    id=thread.c.id,
    fields={
        "id": Field("string", [thread.c.id]),
        "createdAt": Field("datetime", [thread.c.created_at]),
        "name": Field("string", [thread.c.name]),
        "metadata": Field("json", [thread.c.metadata]),
        "environment": Field("string", [thread.c.environment]),
        "tokenCount": Field("number", [thread.c.token_count]),
        "duration": Field("number", [seconds_between(thread.c.started_at, thread.c.ended_at)]),
        "tags": Field("list", [thread.c.tags]),
        "participantId": Field("string", [thread.c.participant_id]),
        "participantIdentifiers": Field("list", [thread.c.participant_identifier]),
        "stepType": Field("list", [step.c.type], _in_a_step),
        "stepName": Field("string", [step.c.name], _in_a_step),
        "stepOutput": Field("json", [step.c.output], _in_a_step),
        "scoreValue": Field("number", [_SCORE_VALUE], _in_a_score_of_the_thread),
    },
    columns={
        "createdAt": (thread.c.created_at, False),
        "tokenCount": (thread.c.token_count, True),
        "participant": (thread.c.participant_identifier, True),
    },
)

STEPS: Final = Listing(
    noun="steps",
    id=step.c.id,
    fields={
        "id": Field("string", [step.c.id]),
        "createdAt": Field("datetime", [step.c.created_at]),
        "name": Field("string", [step.c.name]),
        "type": Field("string", [func.coalesce(step.c.type, "undefined")]),
        "environment": Field("string", [step.c.environment]),
        "input": Field("json", [step.c.input]),
        "output": Field("json", [step.c.output]),
        "metadata": Field("json", [step.c.metadata, step.c.generation_metadata]),
        "startTime": Field("datetime", [step.c.start_time]),
        "endTime": Field("datetime", [step.c.end_time]),
        "parentId": Field("string", [step.c.parent_id]),
        "rootRunId": Field("string", [step.c.root_run_id]),
        "threadId": Field("string", [step.c.thread_id]),
        "error": Field("string", [step.c.error, step.c.generation_error]),
        "tags": Field("list", [step.c.tags, step.c.generation_tags]),
        "participantIdentifier": Field("list", [thread.c.participant_identifier], _in_its_thread),
        "participantIdentifiers": Field("list", [thread.c.participant_identifier], _in_its_thread),
        "scoreValue": Field("number", [_SCORE_VALUE], _in_a_score),
    },
    columns={"createdAt": (step.c.created_at, False)},
)
