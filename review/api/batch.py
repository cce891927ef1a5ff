"""The path that load takes: a document of nothing but `ingestStep` is stored in one transaction.

The SDKs build such documents by repetition, up to 512 aliases with 8,192 variables (literal-api.md §1.3), and the text
depends on nothing but the size of the batch. So a document is turned once into a plan that says which variable is which
argument of which step; the plan is cached instead of the document, and neither validator nor executor has to walk
thousands of nodes for each request. What is not exactly of that form has no plan and goes the general way.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from graphql import DocumentNode, FieldNode, OperationDefinitionNode, OperationType, VariableNode

from review.api.access import Caller
from review.errors import Refused, ReviewError
from review.ingest.literal import STEP_ARGUMENTS, step_update
from review.records import StepUpdate
from review.store.apart import save_steps_apart
from review.store.writes import save_steps

R = TypeVar("R")

logger = logging.getLogger(__name__)

_RESULT_FIELDS: Final = ("ok", "message", "errorCode")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step of a batch."""

    ok: bool = True
    message: str | None = None
    error_code: str | None = None

    @property
    def known(self) -> dict[str, Any]:
        """Under the names of the wire."""
        return {"ok": self.ok, "message": self.message, "errorCode": self.error_code}


STORED: Final = Outcome()
FAILED: Final = Outcome(
    ok=False, message="The server can't store this step; its log says why", error_code=ReviewError.code
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One field of a document: its key in the answer, its arguments' variables, and what it asks to be told."""

    key: str
    variable_of: dict[str, str]
    asked: dict[str, str]

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that are given."""
        return {name: variables[variable] for name, variable in self.variable_of.items() if variable in variables}

    def told(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """What is known, in the words of the document."""
        return {key: known[field] for key, field in self.asked.items()}


Plan = Sequence[Planned]


def plan_of(document: DocumentNode) -> Plan | None:
    """The plan of a document, or None when it is anything but a plain batch of steps.

    A planned document is valid: its arguments and fields exist, its ids are given, and its variables are declared.
    """
    return plan_for(document, "ingestStep", arguments=STEP_ARGUMENTS, results=_RESULT_FIELDS)


def plan_for(
    document: DocumentNode, mutation: str, *, arguments: Collection[str], results: Collection[str]
) -> Plan | None:
    """The plan of a document that is nothing but this mutation, again and again, with these arguments and results."""
    match document.definitions:
        case (OperationDefinitionNode(operation=OperationType.MUTATION) as batch,) if not batch.directives:
            pass
        case _:
            return None
    definitions = batch.variable_definitions or ()
    if any(definition.default_value or definition.directives for definition in definitions):
        return None
    declared = {definition.variable.name.value for definition in definitions}
    fields = batch.selection_set.selections
    found = [field for field in fields if isinstance(field, FieldNode) and field.name.value == mutation]
    plan = [one for field in found if (one := _planned(field, declared, arguments, results))]
    keys = {one.key for one in plan}
    return plan if len(keys) == len(fields) else None


def _planned(
    field: FieldNode, declared: set[str], arguments: Collection[str], results: Collection[str]
) -> Planned | None:
    if field.directives:
        return None
    variable_of: dict[str, str] = {}
    for argument in field.arguments or ():
        name, value = argument.name.value, argument.value
        if name not in arguments or name in variable_of or not isinstance(value, VariableNode):
            return None
        variable_of[name] = value.name.value
    asked = _asked(field, results)
    if "id" not in variable_of or not asked or not declared.issuperset(variable_of.values()):
        return None
    return Planned(_key(field), variable_of, asked)


def _asked(planned: FieldNode, results: Collection[str]) -> dict[str, str] | None:
    asked: dict[str, str] = {}
    for field in planned.selection_set.selections if planned.selection_set else ():
        if not isinstance(field, FieldNode) or field.arguments or field.directives or field.selection_set:
            return None
        if field.name.value not in results or asked.setdefault(_key(field), field.name.value) != field.name.value:
            return None
    return asked


def _key(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value


async def carry_out(plan: Plan, caller: Caller, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Stores a planned batch; the answer has its keys in the order of the document, which clients rely on (§1.4)."""
    outcomes = await ingest(caller, (step.arguments(variables) for step in plan))
    return {step.key: step.told(outcome.known) for step, outcome in zip(plan, outcomes, strict=True)}


async def ingest(caller: Caller, steps: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """Stores steps in one transaction, but those that can never be stored: each is refused alone (§4.1 rule 10).

    Raises:
        Busy: too much is waiting; nothing of the batch was stored.
    """
    updates = [_update_or_refusal(arguments) for arguments in steps]
    good = [update for update in updates if isinstance(update, StepUpdate)]
    stored = iter(await _stored(caller, good) if good else ())
    return [next(stored) if isinstance(update, StepUpdate) else update for update in updates]


async def _stored(caller: Caller, steps: list[StepUpdate]) -> list[Outcome]:
    def write(save: Callable[..., R]) -> Awaitable[R]:
        labels = {"environment": caller.environment, "received_at": caller.now}
        return caller.store.write_sized(caller.body_bytes, save, caller.project_id, steps, **labels)

    try:
        await write(save_steps)
    except ReviewError:
        raise
    except Exception:
        logger.exception("a batch of %d steps failed; they are stored apart", len(steps))
        return [STORED if stored else FAILED for stored in await write(save_steps_apart)]
    return [STORED] * len(steps)


def _update_or_refusal(arguments: Mapping[str, Any]) -> StepUpdate | Outcome:
    try:
        return step_update(arguments)
    except Refused as refusal:
        return Outcome(ok=False, message=refusal.message, error_code=refusal.code)
