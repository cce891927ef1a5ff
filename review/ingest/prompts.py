"""The arguments of prompts, in the wire's camelCase, as what to make (literal-api.md §4.11)."""

from collections.abc import Mapping
from typing import Any, Final, cast

from review.errors import Refused
from review.ingest import coerce
from review.ingest.literal import MAX_CONTENT_BYTES, Arguments, bounded, reference, text
from review.prompts import Rollout, VariantDraft, VersionDraft, variables_of
from review.records import Json

_MOST_ROLLOUTS: Final = 1_000


def version_draft(arguments: Arguments) -> VersionDraft:
    """What `createPromptVersion` and `createPromptExperiment` say of the content.

    Raises:
        Refused: messages or tools that are no list, settings that are no object.
        TooLarge: a field is over its limit; the message names both.
    """
    messages = _list("templateMessages", arguments)
    variables = bounded("variables", arguments.get("variables"), MAX_CONTENT_BYTES)
    return VersionDraft(
        template_messages=messages,
        tools=_list("tools", arguments),
        settings=_object("settings", arguments),
        variables=variables_of(messages) if variables is None else variables,
        variables_default_values=_object("variablesDefaultValues", arguments),
        description=text("versionDesc", arguments),
    )


def variant_draft(arguments: Arguments) -> VariantDraft:
    """What `createPromptExperiment` says. Errors as `version_draft`."""
    return VariantDraft(
        from_lineage_id=reference("fromLineageId", arguments),
        from_version=coerce.count(arguments.get("fromVersion")),
        score_template_id=reference("scoreTemplateId", arguments),
        content=version_draft(arguments),
    )


def rollouts(given: list[Any]) -> list[Rollout]:
    """The versions that are to be served and their weights, which are percentages or fractions of 1.

    Raises:
        Refused: one is none, a version comes twice, or no weight is over zero.
    """
    if len(given) > _MOST_ROLLOUTS:
        raise Refused(f"rollouts: {len(given)} are over the limit of {_MOST_ROLLOUTS}")
    asked = [_rollout(item) for item in given]
    if len({rollout.version for rollout in asked}) < len(asked):
        raise Refused("rollouts: a version may come once")
    if not any(rollout.weight > 0 for rollout in asked):
        raise Refused("rollouts: one must be over zero")
    return asked


def _rollout(given: Any) -> Rollout:
    payload: Mapping[str, Any] = cast("Mapping[str, Any]", given) if isinstance(given, dict) else {}
    version, weight = coerce.count(payload.get("version")), coerce.decimal(payload.get("rollout"))
    if version is None or weight is None or weight < 0:
        raise Refused("rollouts: each must be an object with a version and a rollout that is not negative")
    return Rollout(version=version, weight=weight)


def _list(name: str, arguments: Arguments) -> list[Json]:
    value = bounded(name, arguments.get(name), MAX_CONTENT_BYTES)
    if not isinstance(value, list | None):
        raise Refused(f"{name}: must be a list")
    return cast("list[Json] | None", value) or []


def _object(name: str, arguments: Arguments) -> dict[str, Json] | None:
    value = bounded(name, arguments.get(name), MAX_CONTENT_BYTES)
    if not isinstance(value, dict | None):
        raise Refused(f"{name}: must be an object")
    return cast("dict[str, Json] | None", value)
