"""A thread's steps as a tree in reading order: parent before children, siblings in the order given.

What clients send is not always a tree, so: a step sent twice is one; a step whose parent isn't here stands at the
top; steps that are each other's parents are cut open at the one that comes first. Nothing recurses, and the work
grows with the number of steps, not with their depth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

from review.dashboard.legend import Kind, State, kind_of, state_of
from review.records import StepSummary

DEEPEST_RAIL: Final = 16
"""Deeper steps are drawn at this indent, so that a row stays readable and its cost bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where in its top-level step's time a step happened, both in percent of that time."""

    offset: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step at its place in the tree.

    Attributes:
        step: The step, without payload.
        kind: What it is, by the legend.
        state: How it stands.
        parent_id: The step above it; None at the top, also when the named parent isn't here.
        depth: 0 at the top.
        child_count: Steps directly below.
        rails: For each level above (at most DEEPEST_RAIL), whether more siblings follow there: the connector lines.
        is_last: Whether it is the last of its siblings.
        bar: Its share of the top-level step's time; None where that says nothing.
    """

    step: StepSummary
    kind: Kind
    state: State
    parent_id: str | None
    depth: int
    child_count: int
    rails: tuple[bool, ...]
    is_last: bool
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a step goes, before anything else is known of it."""

    step_id: str
    parent_id: str | None
    depth: int
    rails: tuple[bool, ...]
    is_last: bool

    def below(self, step_ids: Sequence[str]) -> list["_Place"]:
        """The places of its children. Steps at the top are not joined by a line, so they add no rail."""
        rails = (*self.rails, not self.is_last)[:DEEPEST_RAIL] if self.depth else ()
        return [
            _Place(step_id, self.step_id, self.depth + 1, rails, index == len(step_ids) - 1)
            for index, step_id in enumerate(step_ids)
        ]


def build(steps: Iterable[StepSummary], *, now: datetime) -> list[Node]:
    """The steps of one thread, given in time order, as a tree in reading order."""
    by_id = {step.id: step for step in steps}
    last_activity = max((_last_sign(step) for step in by_id.values()), default=None)
    children: dict[str | None, list[str]] = {}
    for step in by_id.values():
        parent_id = step.parent_id if step.parent_id in by_id else None
        children.setdefault(parent_id, []).append(step.id)

    nodes: list[Node] = []
    seen: set[str] = set()
    tops = [*children.get(None, ()), *by_id]  # the second half finds those on a cycle, or below one
    for top in tops:
        pending = [] if top in seen else [_Place(top, None, 0, (), is_last=True)]
        while pending:
            place = pending.pop()
            seen.add(place.step_id)
            step = by_id[place.step_id]
            below = place.below([child for child in children.get(step.id, ()) if child not in seen])
            pending.extend(reversed(below))
            nodes.append(
                Node(
                    step=step,
                    kind=kind_of(step),
                    state=state_of(step, last_activity=last_activity, now=now),
                    parent_id=place.parent_id,
                    depth=place.depth,
                    child_count=len(below),
                    rails=place.rails,
                    is_last=place.is_last,
                )
            )
    return _with_bars(nodes)


def _last_sign(step: StepSummary) -> datetime:
    return max(time for time in (step.created_at, step.start_time, step.end_time) if time is not None)


def _with_bars(nodes: list[Node]) -> list[Node]:
    """Gives each step below a top-level one its bar; the top-level one is the whole and needs none."""
    drawn: list[Node] = []
    for top, end in _families(nodes):
        family = nodes[top:end]
        starts = [node.step.start_time for node in family if node.step.start_time]
        ends = [time for node in family if (time := node.step.end_time or node.step.start_time)]
        begin, whole = min(starts, default=None), 0.0
        if begin is not None:
            whole = (max(ends) - begin).total_seconds()
        drawn.append(family[0])
        drawn.extend(replace(node, bar=_bar(node.step, begin, whole)) for node in family[1:])
    return drawn


def _families(nodes: Sequence[Node]) -> Iterable[tuple[int, int]]:
    """Where each top-level step and all below it begin and end."""
    tops = [index for index, node in enumerate(nodes) if node.depth == 0]
    return pairwise([*tops, len(nodes)])


def _bar(step: StepSummary, begin: datetime | None, whole: float) -> Bar | None:
    if begin is None or whole <= 0 or step.start_time is None:
        return None
    offset = 100 * (step.start_time - begin).total_seconds() / whole
    seconds = (step.end_time - step.start_time).total_seconds() if step.end_time else whole
    width = min(max(100 * seconds / whole, 1), 100 - offset)  # a sliver stays visible
    return Bar(offset=round(min(offset, 99), 2), width=round(max(width, 1), 2))
