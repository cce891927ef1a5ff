"""A thread as the people in it saw it: messages, the tools used between them, and what went wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from review.dashboard.legend import Kind, State
from review.dashboard.payload import Payload, head, message_text, one_line, shown
from review.dashboard.tree import Node
from review.records import Attachment, Step

_ROLES: Final = {"user_message": "user", "system_message": "system", "assistant_message": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody said. `role` is user, assistant or system; `cut_chars` are left out at the end of `text`."""

    step_id: str
    role: str
    author: str | None
    text: str
    cut_chars: int
    said_at: datetime | None
    error: str | None
    attachments: Sequence[Attachment]
    score_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """One call of a tool, with its arguments in one line (`call`) and in full."""

    step_id: str
    name: str
    call: str
    arguments: Payload
    result: Payload
    error: str | None
    state: State
    duration: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUses:
    """Tools used one after the other, with nothing said in between."""

    uses: Sequence[ToolUse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A step that is no message and no tool, and did not end well: failed, abandoned, or not ended yet."""

    step_id: str
    name: str
    kind: Kind
    state: State
    error: str | None


Entry = Message | ToolUses | Trouble


def entries(nodes: Sequence[Node], steps: Iterable[Step]) -> list[Entry]:
    """The conversation in reading order. `steps` are the whole steps of the messages and tools among the nodes."""
    whole = {step.id: step for step in steps}
    told_below = _with_trouble_below(nodes)
    told = [entry for node in nodes if (entry := _entry(node, whole, told_below)) is not None]
    conversation: list[Entry] = []
    for _, together in groupby(told, key=lambda entry: isinstance(entry, ToolUse)):
        entries_together = list(together)
        uses = [entry for entry in entries_together if isinstance(entry, ToolUse)]
        others = [entry for entry in entries_together if not isinstance(entry, ToolUse)]
        conversation.extend([ToolUses(uses=uses)] if uses else others)
    return conversation


def _entry(node: Node, whole: Mapping[str, Step], told_below: set[str]) -> Message | ToolUse | Trouble | None:
    step = whole.get(node.step.id)
    if step is not None and node.kind is Kind.MESSAGE:
        return _message(step)
    if step is not None and node.kind is Kind.TOOL:
        return _tool_use(step, node.state)
    if node.state is State.DONE or node.step.id in told_below:
        return None
    return Trouble(
        step_id=node.step.id,
        name=node.step.name or node.step.type,
        kind=node.kind,
        state=node.state,
        error=node.step.error,
    )


def _message(step: Step) -> Message:
    text, cut = head(message_text(step.output, step.input))
    return Message(
        step_id=step.id,
        role=_ROLES.get(step.type, "assistant"),
        author=step.name,
        text=text,
        cut_chars=cut,
        said_at=step.start_time or step.created_at,
        error=step.error,
        attachments=step.attachments,
        score_count=step.score_count,
    )


def _tool_use(step: Step, state: State) -> ToolUse:
    return ToolUse(
        step_id=step.id,
        name=step.name or step.type,
        call=one_line(step.input),
        arguments=shown(step.input),
        result=shown(step.output),
        error=step.error,
        state=state,
        duration=step.duration,
    )


def _with_trouble_below(nodes: Sequence[Node]) -> set[str]:
    """The steps whose trouble is told below: a run fails because its model call did, and once is enough.

    A tool's trouble doesn't count: the model reads it and goes on, so a run fails for a reason of its own.
    """
    found: set[str] = set()
    for node in reversed(nodes):
        in_trouble = node.state is not State.DONE and node.kind is not Kind.TOOL
        if node.parent_id is not None and (in_trouble or node.step.id in found):
            found.add(node.parent_id)
    return found
