"""The one choke point every record passes before it is on disk: what must not be kept is masked here, or withheld.

It fails closed: a step whose masking raises, or returns what is no step, keeps its ids, type and times and loses the
rest; its metadata says why. Runs on the outbox's thread, never in the request.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, cast

import orjson

from monitor.losses import Losses
from monitor.patterns import Pattern, chosen, mask_all
from monitor.records import Kind, Record
from settings import MonitorSettings

Json = dict[str, Any]
Preprocess = Callable[[list[Any]], Any]
MaskText = Callable[[str], str]

IDENTITY = ("id", "threadId", "parentId", "rootRunId", "type", "startTime", "endTime")


class Masker:
    """Masks strings by patterns, hands steps to the caller's own function, and withholds what that fails on."""

    def __init__(self, losses: Losses, patterns: Sequence[Pattern] = (), *, more: MaskText | None = None) -> None:
        """Mask `patterns` in every string, then what `more` finds; `preprocess` can be set at any time."""
        self.preprocess: Preprocess | None = None
        self._losses = losses
        self._patterns = tuple(patterns)
        self._more = more

    def apply(self, records: list[Record]) -> list[Record]:
        """The records as they may be kept. Never raises."""
        if self.preprocess is not None:
            records = self._preprocessed(self.preprocess, records)
        if not self._patterns and self._more is None:
            return records
        return [self._masked(record) for record in records]

    def _masked(self, record: Record) -> Record:
        try:
            content = cast("Json", orjson.loads(record.content))
            masked = {key: value if key in IDENTITY else self._value(value) for key, value in content.items()}
            return record._replace(content=orjson.dumps(masked))
        except Exception as error:
            return self._withhold(record, f"masking failed: {type(error).__name__}")

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                text = mask_all(self._patterns, value)
                return text if self._more is None else self._more(text)
            case dict():
                return {self._value(key): self._value(inner) for key, inner in cast("Json", value).items()}
            case list():
                return [self._value(inner) for inner in cast("list[Any]", value)]
            case _:
                return value

    def _preprocessed(self, preprocess: Preprocess, records: list[Record]) -> list[Record]:
        """Steps go through the caller's function together, as the SDK documents it; alone, when that fails."""
        steps = [record for record in records if record.kind is Kind.STEP]
        if not steps:
            return records
        try:
            new = _call(preprocess, steps)
        except Exception:
            new = [one for step in steps for one in self._alone(preprocess, step)]
        return [*new, *(record for record in records if record.kind is not Kind.STEP)]

    def _alone(self, preprocess: Preprocess, step: Record) -> list[Record]:
        try:
            return _call(preprocess, [step])
        except Exception as error:
            return [self._withhold(step, f"preprocessing failed: {type(error).__name__}")]

    def _withhold(self, record: Record, why: str) -> Record:
        self._losses.count(f"content withheld: {why}")
        return without_content(record, why)


def _call(preprocess: Preprocess, steps: list[Record]) -> list[Record]:
    """Steps through the caller's function.

    Raises:
        TypeError: what came back is not a list of steps. (And whatever the function raises.)
    """
    result = preprocess([orjson.loads(step.content) for step in steps])
    if not isinstance(result, list):
        raise TypeError("the preprocess function returned no list")
    by_id = {step.identity(): step for step in steps}
    new: list[Record] = []
    for content in cast("list[object]", result):
        if not isinstance(content, dict) or not isinstance(step_id := cast("Json", content).get("id"), str):
            raise TypeError("the preprocess function returned what is no step")
        given = {key: value for key, value in cast("Json", content).items() if value is not None}
        new.append(by_id.get(step_id, steps[0])._replace(content=orjson.dumps(given)))
    return new


def without_content(record: Record, why: str) -> Record:
    """The record with its identity only, and the reason in its metadata."""
    try:
        content = cast("Json", orjson.loads(record.content))
        kept: Json = {key: content[key] for key in IDENTITY if key in content}
    except orjson.JSONDecodeError:
        kept = {}
    kept["metadata"] = {"withheld": why}
    return record._replace(content=orjson.dumps(kept))


def masker_of(settings: MonitorSettings, losses: Losses) -> Masker:
    """The masker the settings ask for.

    Raises:
        ValueError: a pattern that does not exist, or Presidio is asked for and not installed.
    """
    return Masker(losses, chosen(settings.mask_patterns), more=_presidio() if settings.mask_presidio else None)


def _presidio() -> MaskText:
    """Presidio's analyzer, made at its first text: its language model takes seconds to load."""
    if find_spec("presidio_analyzer") is None:
        raise ValueError("MASK_PRESIDIO is on, but presidio_analyzer is not installed")
    engine: list[Any] = []

    def mask(text: str) -> str:
        if not engine:
            from presidio_analyzer import AnalyzerEngine  # pyright: ignore  # noqa: PGH003  # an optional package

            engine.append(AnalyzerEngine())
        found = cast("list[Any]", engine[0].analyze(text=text, language="en"))
        end = len(text)
        for one in sorted(found, key=_start, reverse=True):
            if one.end <= end:  # of overlapping findings the last one is masked; the others start inside or before it
                text = f"{text[: one.start]}[{one.entity_type.lower()}]{text[one.end :]}"
                end = one.start
        return text

    return mask


def _start(finding: Any) -> int:
    return finding.start
