"""Resolvers of prompts: lineages, versions, what is served of them, and variants."""

from typing import Any, Final
from urllib.parse import urlencode

from ariadne import MutationType, ObjectType, QueryType

from review.api.access import Caller, Info
from review.api.batch import STORED, Outcome
from review.api.connection import Connection, connection
from review.errors import NotFound, Refused
from review.ingest.evaluation import required_name
from review.ingest.literal import text
from review.ingest.prompts import rollouts, variant_draft, version_draft
from review.prompts import Lineage, Rollout, Variant, Version
from review.records import Page
from review.store import Connection as Database
from review.store import prompts

query = QueryType()
mutation = MutationType()
lineage_type = ObjectType("PromptLineage")
version_type = ObjectType("PromptVersion")
variant_type = ObjectType("PromptExperiment")
rollout_type = ObjectType("Rollout")

_WHOLE: Final = 100.0
_TYPE: Final = "CHAT"
"""A template is a list of messages; prompts of one text were never made by any client."""


@query.field("promptLineage")
async def resolve_lineage(_: object, info: Info, **arguments: Any) -> Lineage | None:
    """One lineage by its name, deleted or not, or null."""
    caller = info.context
    return await caller.store.read(prompts.lineage, caller.project_id, name=arguments["name"])


@query.field("promptVersion")
async def resolve_version(_: object, info: Info, **arguments: Any) -> Version | None:
    """One version by id, else by name and number, else the one that is served under the name; or null."""
    caller = info.context
    by_id, name = arguments.get("id"), arguments.get("name")
    if by_id is not None:
        return await caller.store.read(prompts.version_by_id, caller.project_id, by_id)
    if name is None:
        raise Refused("id, name: one of them must be given")
    return await caller.store.read(
        prompts.version, caller.project_id, lineage_name=name, number=arguments.get("version"), chance=caller.chance
    )


@query.field("promptLineageRollout")
async def resolve_rollouts(_: object, info: Info, **arguments: Any) -> Connection[Rollout]:
    """What is served of a lineage; of an unknown one nothing, since the Python SDK can't read null."""
    caller = info.context
    rows = await caller.store.read(prompts.rollouts_of, caller.project_id, arguments["lineageName"])
    cursors = [str(rollout.version) for rollout in rows]
    page = Page(rows=rows, cursors=cursors, has_next=False, has_previous=False, total=len(rows))
    return connection(page, lambda rollout: rollout)


@mutation.field("createPromptLineage")
async def resolve_create_lineage(_: object, info: Info, **arguments: Any) -> Lineage:
    """The lineage of a name, made unless there is one."""
    caller = info.context
    return await caller.store.write(
        prompts.get_or_create_lineage,
        caller.project_id,
        required_name(arguments),
        description=text("description", arguments),
        now=caller.now,
    )


@mutation.field("createPromptVersion")
async def resolve_create_version(_: object, info: Info, **arguments: Any) -> Version:
    """The next version of a lineage, or the one that has this content."""
    caller = info.context
    draft = version_draft(arguments)
    return await caller.store.write(
        prompts.create_version, caller.project_id, arguments["lineageId"], draft, now=caller.now
    )


@mutation.field("createPromptExperiment")
async def resolve_create_variant(_: object, info: Info, **arguments: Any) -> Variant:
    """A new variant, to be named by experiments."""
    caller = info.context
    return await caller.store.write(prompts.create_variant, caller.project_id, variant_draft(arguments), now=caller.now)


@mutation.field("updatePromptLineageRollout")
async def resolve_update_rollouts(_: object, info: Info, **arguments: Any) -> Outcome:
    """Replaces what is served of a lineage."""
    caller = info.context
    try:
        await caller.store.write(_set_rollouts, caller.project_id, arguments["name"], rollouts(arguments["rollouts"]))
    except (Refused, NotFound) as refusal:
        return Outcome(ok=False, message=refusal.message, error_code=refusal.code)
    return STORED


@mutation.field("promotePromptVersion")
async def resolve_promote(_: object, info: Info, **arguments: Any) -> Lineage:
    """Serves one version alone."""
    caller = info.context
    only = [Rollout(version=arguments["version"], weight=_WHOLE)]
    return await caller.store.write(prompts.set_rollouts, caller.project_id, arguments["lineageId"], only)


@lineage_type.field("championId")
async def resolve_champion_id(lineage: Lineage, info: Info) -> str | None:
    """The id of the version that is served alone, if one is."""
    if len(lineage.rollouts) > 1:
        return None
    caller = info.context
    [only] = lineage.rollouts
    champion = await caller.store.read(prompts.numbered_version, caller.project_id, lineage.id, only.version)
    return champion and champion.id


@version_type.field("type")
def resolve_type(_: Version, __: Info) -> str:
    """That of the generations it makes."""
    return _TYPE


@version_type.field("updatedAt")
def resolve_updated_at(version: Version, _: Info) -> Any:
    """When it was made: a version never changes."""
    return version.created_at


@version_type.field("versionDesc")
def resolve_version_desc(version: Version, _: Info) -> str | None:
    """What its author said about it."""
    return version.description


@version_type.field("url")
def resolve_url(version: Version, info: Info) -> str:
    """Its page, at the address the old cloud had it (literal-api.md §10)."""
    caller: Caller = info.context
    place = urlencode({"name": version.lineage.name, "version": version.version})
    return f"{caller.public_url}/projects/{caller.project_id}/playground?{place}"


@variant_type.field("projectId")
def resolve_project_id(_: Variant, info: Info) -> str:
    """The project of the request's key: nobody reads another's."""
    caller = info.context
    return caller.project_id


@rollout_type.field("rollout")
def resolve_rollout(rollout: Rollout, _: Info) -> float:
    """Its weight, as it was given."""
    return rollout.weight


def _set_rollouts(conn: Database, project_id: str, name: str, wanted: list[Rollout]) -> None:
    lineage = prompts.lineage(conn, project_id, name=name)
    if lineage is None:
        raise NotFound(f"There is no prompt {name}.")
    prompts.set_rollouts(conn, project_id, lineage.id, wanted)


bindables = (query, mutation, lineage_type, version_type, variant_type, rollout_type)
