"""Prompts as plain data: lineages of versions, which of them is served, and what makes two versions the same.

A lineage is what people call a prompt: a name with numbered versions, from 0. A variant is a draft that was tried in
an experiment and never became a version. Templates are Mustache, and rendered by the clients.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import orjson

from review.records import Json, new_id

_TAG: Final = re.compile(r"\{\{\{?\s*([#^&/!>=]?)\s*([^{}]*?)\s*\}\}")
_NAMES_NO_VARIABLE: Final = frozenset("/!>=")
_NOT_COMPARED: Final = frozenset({"uuid", "templated"})
"""Keys of a message that the server or an SDK adds; a fetched prompt is sent back with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How often a version is served when none is named: in proportion to its weight, 60 of 100 or 0.6 of 1."""

    version: int
    weight: float


DEFAULT_ROLLOUTS: Final = (Rollout(version=0, weight=100),)
"""A newly saved version is not served by name until somebody says so (literal-api.md §4.11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A named prompt. `rollouts` are those that were set, else the default; a deleted one still answers."""

    id: str
    name: str
    description: str | None
    created_at: datetime
    deleted_at: datetime | None
    rollouts: Sequence[Rollout]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDraft:
    """What a version is made of. Each template message gets a `uuid`, by which generations are linked to it."""

    template_messages: Sequence[Json] = ()
    tools: Sequence[Json] = ()
    settings: dict[str, Json] | None = None
    variables: Json = None
    variables_default_values: Json = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a prompt, which never changes, with its lineage."""

    id: str
    version: int
    created_at: datetime
    description: str | None
    template_messages: list[Json]
    tools: list[Json]
    settings: dict[str, Json]
    variables: Json
    variables_default_values: Json
    lineage: Lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDraft:
    """What a variant is made of; nothing it names has to exist."""

    from_lineage_id: str | None = None
    from_version: int | None = None
    score_template_id: str | None = None
    content: VersionDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A draft that was tried in an experiment; the API calls it a prompt experiment."""

    id: str
    created_at: datetime
    from_lineage_id: str | None
    from_version: int | None
    score_template_id: str | None
    template_messages: list[Json]
    tools: list[Json]
    settings: dict[str, Json]
    variables: Json


def served(rollouts: Sequence[Rollout], chance: Callable[[], float]) -> int | None:
    """The version to serve; None when no weight is over zero.

    Args:
        rollouts: Versions and their weights.
        chance: A random number from 0 up to 1, asked for once.
    """
    weighted = [rollout for rollout in rollouts if rollout.weight > 0]
    left = chance() * sum(rollout.weight for rollout in weighted)
    for rollout in weighted:
        left -= rollout.weight
        if left < 0:
            return rollout.version
    return weighted[-1].version if weighted else None  # sums of fractions may fall short by a rounding


def with_uuids(messages: Sequence[Json]) -> list[Json]:
    """The template messages, each with a `uuid`: its own, else a new one."""
    return [_with_uuid(message) for message in messages]


def _with_uuid(message: Json) -> Json:
    if not isinstance(message, dict):
        return message
    fields = cast("dict[str, Json]", message)
    return fields if fields.get("uuid") else {**fields, "uuid": new_id()}


def digest(content: VersionDraft) -> str:
    """A hash of the template, the tools and the settings, but of nothing a client adds or loses on the way.

    The settings' provider is left out: the Python SDK takes it away when it fetches a prompt (see `same_provider`).
    """
    messages = [_compared(message) for message in content.template_messages]
    settings = {name: value for name, value in (content.settings or {}).items() if name != "provider"}
    whole = orjson.dumps([messages, list(content.tools), settings], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(whole).hexdigest()


def same_provider(given: dict[str, Json] | None, stored: dict[str, Json] | None) -> bool:
    """Whether two settings have one provider; who gives none means the one that is stored."""
    provider = (given or {}).get("provider")
    return provider is None or provider == (stored or {}).get("provider")


def _compared(message: Json) -> Json:
    if not isinstance(message, dict):
        return message
    fields = cast("dict[str, Json]", message).items()
    return {name: value for name, value in fields if name not in _NOT_COMPARED and value is not None}


def variables_of(messages: Sequence[Json]) -> list[Json]:
    """The variables a template names, in order: `{name, language}`, json for those it looks into, else plaintext."""
    languages: dict[str, str] = {}
    for text in _texts(messages):
        for kind, name in _TAG.findall(text):
            top, dot, _ = name.partition(".")
            if kind in _NAMES_NO_VARIABLE or not top:
                continue
            looked_into = kind in ("#", "^") or bool(dot)
            if looked_into or top not in languages:
                languages[top] = "json" if looked_into else "plaintext"
    return [{"name": name, "language": language} for name, language in languages.items()]


def _texts(messages: Sequence[Json]) -> Iterator[str]:
    for message in messages:
        content: Any = cast("dict[str, Json]", message).get("content") if isinstance(message, dict) else None
        for part in cast("list[Any]", content) if isinstance(content, list) else [content]:
            text: Any = cast("dict[str, Any]", part).get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                yield text
