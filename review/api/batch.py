"""The path that load takes: a document of nothing but `ingestStep` is stored in one transaction.

The SDKs build such documents by repetition, up to 512 aliases with 8,192 variables (literal-api.md §1.3), and the text
depends on nothing but the size of the batch. So a document is turned once into a plan that says which variable is which
argument of which step; the plan is cached instead of the document, and neither validator nor executor has to walk
thousands of nodes for each request. What is not exactly of that form has no plan and goes the general way.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
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


STORED: Final = Outcome()
FAILED: Final = Outcome(
    ok=False, message="The server can't store this step; its log says why", error_code=ReviewError.code
)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One `ingestStep` of a document: its key in the answer, its arguments' variables, and what it asks to be told."""

    key: str
    variable_of: dict[str, str]
    asked: dict[str, str]

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that are given."""
        return {name: variables[variable] for name, variable in self.variable_of.items() if variable in variables}

    def told(self, outcome: Outcome) -> dict[str, Any]:
        """The outcome in the words of the document."""
        known = {"ok": outcome.ok, "message": outcome.message, "errorCode": outcome.error_code}
        return {key: known[field] for key, field in self.asked.items()}


Plan = Sequence[PlannedStep]


def plan_of(document: DocumentNode) -> Plan | None:
    """The plan of a document, or None when it is anything but a plain batch of steps.

    A planned document is valid: its arguments and fields exist, its ids are given, and its variables are declared.
    """
    match document.definitions:
        case (OperationDefinitionNode(operation=OperationType.MUTATION) as batch,) if not batch.directives:
            pass
        case _:
            return None
    definitions = batch.variable_definitions or ()
    if any(definition.default_value or definition.directives for definition in definitions):
        return None
    declared = {definition.variable.name.value for definition in definitions}
    steps = [_planned(selection, declared) for selection in batch.selection_set.selections]
    plan = [step for step in steps if step]
    keys = {step.key for step in plan}
    return plan if len(keys) == len(steps) else None


def _planned(selection: Any, declared: set[str]) -> PlannedStep | None:
    if not isinstance(selection, FieldNode) or selection.name.value != "ingestStep" or selection.directives:
        return None
    variable_of: dict[str, str] = {}
    for argument in selection.arguments or ():
        name, value = argument.name.value, argument.value
        if name not in STEP_ARGUMENTS or name in variable_of or not isinstance(value, VariableNode):
            return None
        variable_of[name] = value.name.value
    asked = _asked(selection)
    if "id" not in variable_of or not asked or not declared.issuperset(variable_of.values()):
        return None
    return PlannedStep(_key(selection), variable_of, asked)


def _asked(selection: FieldNode) -> dict[str, str] | None:
    asked: dict[str, str] = {}
    for field in selection.selection_set.selections if selection.selection_set else ():
        if not isinstance(field, FieldNode) or field.arguments or field.directives or field.selection_set:
            return None
        if (
            field.name.value not in _RESULT_FIELDS
            or asked.setdefault(_key(field), field.name.value) != field.name.value
        ):
            return None
    return asked


def _key(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value


async def carry_out(plan: Plan, caller: Caller, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Stores a planned batch; the answer has its keys in the order of the document, which clients rely on (§1.4)."""
    outcomes = await ingest(caller, (step.arguments(variables) for step in plan))
    return {step.key: step.told(outcome) for step, outcome in zip(plan, outcomes, strict=True)}


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
