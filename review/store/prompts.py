"""Prompts: lineages, their versions and which of them is served, and the variants that were tried."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update

from review.errors import NotFound, Refused
from review.prompts import (
    DEFAULT_ROLLOUTS,
    Lineage,
    Rollout,
    Variant,
    VariantDraft,
    Version,
    VersionDraft,
    digest,
    same_provider,
    served,
    with_uuids,
)
from review.records import new_id
from review.store.statements import insert_or_keep
from review.store.tables import prompt_lineage, prompt_variant, prompt_version
from review.store.types import storable_text


def get_or_create_lineage(
    conn: Connection, project_id: str, name: str, *, description: str | None = None, now: datetime
) -> Lineage:
    """The lineage of a name, made unless there is one; a deleted one is returned as it is."""
    new = {"project_id": project_id, "id": new_id(), "created_at": now, "name": storable_text(name)}
    insert_or_keep(conn, prompt_lineage, [{**new, "description": description and storable_text(description)}])
    made = lineage(conn, project_id, name=name)
    if made is None:
        raise AssertionError("unreachable: a lineage of the name was there or has been inserted")
    return made


def delete_lineage(conn: Connection, project_id: str, lineage_id: str, *, now: datetime) -> bool:
    """Marks a lineage as deleted; its versions go on answering, and say so. False when it was or is not there."""
    this = (prompt_lineage.c.project_id == project_id, prompt_lineage.c.id == lineage_id)
    marked = update(prompt_lineage).where(*this, prompt_lineage.c.deleted_at.is_(None)).values(deleted_at=now)
    return conn.execute(marked).rowcount > 0


def lineage(
    conn: Connection,
    project_id: str,
    *,
    id: str | None = None,  # noqa: A002 - the wire's word, and callers name it
    name: str | None = None,
) -> Lineage | None:
    """The lineage of an id or, when no id is given, of a name."""
    found = select(prompt_lineage).where(prompt_lineage.c.project_id == project_id)
    if id is not None:
        found = found.where(prompt_lineage.c.id == storable_text(id))
    else:
        found = found.where(prompt_lineage.c.name == storable_text(name or ""))
    row = conn.execute(found).one_or_none()
    return _lineage(row) if row else None


def create_version(
    conn: Connection, project_id: str, lineage_id: str, given: VersionDraft, *, now: datetime
) -> Version:
    """The version of a lineage with this content: one that is there, else the next.

    Raises:
        NotFound: there is no such lineage.
    """
    _hold(conn, project_id, lineage_id)
    content = digest(given)
    of_lineage = (prompt_version.c.project_id == project_id, prompt_version.c.lineage_id == lineage_id)
    alike = _versions(project_id).where(*of_lineage, prompt_version.c.digest == content)
    for row in conn.execute(alike.order_by(prompt_version.c.version)):
        if same_provider(given.settings, row.settings):
            return _version(row)
    last = conn.execute(select(func.max(prompt_version.c.version)).where(*of_lineage)).scalar_one()
    id_ = new_id()
    new = {
        "project_id": project_id,
        "id": id_,
        "created_at": now,
        "lineage_id": lineage_id,
        "version": 0 if last is None else last + 1,
        "digest": content,
        "description": given.description and storable_text(given.description),
        **_content(given),
        "variables_default_values": given.variables_default_values,
    }
    conn.execute(insert(prompt_version).values(new))
    return _existing_version(conn, project_id, id_)


def version(
    conn: Connection, project_id: str, *, lineage_name: str, number: int | None, chance: Callable[[], float]
) -> Version | None:
    """A version by the name of its lineage.

    Args:
        conn: A connection of `store.read`.
        project_id: Whose prompt.
        lineage_name: The name.
        number: Which one; None for the one that is served, by the weights of the rollout.
        chance: A random number from 0 up to 1.
    """
    found = lineage(conn, project_id, name=lineage_name)
    if found is None:
        return None
    wanted = served(found.rollouts, chance) if number is None else number
    return numbered_version(conn, project_id, found.id, wanted)


def numbered_version(conn: Connection, project_id: str, lineage_id: str, number: int | None) -> Version | None:
    """A version of a lineage by its number."""
    this = (prompt_version.c.lineage_id == lineage_id, prompt_version.c.version == number)
    row = conn.execute(_versions(project_id).where(*this)).one_or_none()
    return _version(row) if row else None


def version_by_id(conn: Connection, project_id: str, version_id: str) -> Version | None:
    """One version."""
    row = conn.execute(_versions(project_id).where(prompt_version.c.id == version_id)).one_or_none()
    return _version(row) if row else None


def rollouts_of(conn: Connection, project_id: str, lineage_name: str) -> list[Rollout]:
    """What is served under a name: what was set or the default, and nothing where there is no such version."""
    found = lineage(conn, project_id, name=lineage_name)
    if found is None:
        return []
    existing = _numbers(conn, project_id, found.id)
    return [rollout for rollout in found.rollouts if rollout.version in existing]


def set_rollouts(conn: Connection, project_id: str, lineage_id: str, rollouts: Sequence[Rollout]) -> Lineage:
    """Replaces what is served of a lineage.

    Raises:
        NotFound: there is no such lineage.
        Refused: there is no such version in it.
    """
    _hold(conn, project_id, lineage_id)
    missing = {rollout.version for rollout in rollouts} - _numbers(conn, project_id, lineage_id)
    if missing:
        raise Refused(f"The prompt has no version {', '.join(map(str, sorted(missing)))}.")
    values = [{"version": rollout.version, "rollout": rollout.weight} for rollout in rollouts]
    this = (prompt_lineage.c.project_id == project_id, prompt_lineage.c.id == lineage_id)
    conn.execute(update(prompt_lineage).where(*this).values(rollouts=values))
    changed = lineage(conn, project_id, id=lineage_id)
    if changed is None:
        raise NotFound(f"There is no prompt {lineage_id}.")
    return changed


def create_variant(conn: Connection, project_id: str, given: VariantDraft, *, now: datetime) -> Variant:
    """A new variant."""
    id_ = new_id()
    new = {
        "project_id": project_id,
        "id": id_,
        "created_at": now,
        "from_lineage_id": given.from_lineage_id and storable_text(given.from_lineage_id),
        "from_version": given.from_version,
        "score_template_id": given.score_template_id and storable_text(given.score_template_id),
        **_content(given.content),
    }
    conn.execute(insert(prompt_variant).values(new))
    made = variant(conn, project_id, id_)
    if made is None:
        raise AssertionError("unreachable: the variant has just been inserted")
    return made


def variant(conn: Connection, project_id: str, variant_id: str) -> Variant | None:
    """One variant."""
    this = (prompt_variant.c.project_id == project_id, prompt_variant.c.id == variant_id)
    row = conn.execute(select(prompt_variant).where(*this)).one_or_none()
    return _variant(row) if row else None


def _hold(conn: Connection, project_id: str, lineage_id: str) -> None:
    """Makes writers of one lineage take turns, so that no version number is given twice."""
    this = (prompt_lineage.c.project_id == project_id, prompt_lineage.c.id == lineage_id)
    if conn.execute(select(prompt_lineage.c.id).where(*this).with_for_update()).one_or_none() is None:
        raise NotFound(f"There is no prompt {lineage_id}.")


def _numbers(conn: Connection, project_id: str, lineage_id: str) -> set[int]:
    of_lineage = (prompt_version.c.project_id == project_id, prompt_version.c.lineage_id == lineage_id)
    return set(conn.execute(select(prompt_version.c.version).where(*of_lineage)).scalars())


def _existing_version(conn: Connection, project_id: str, version_id: str) -> Version:
    found = version_by_id(conn, project_id, version_id)
    if found is None:
        raise NotFound(f"There is no prompt version {version_id}.")
    return found


def _content(given: VersionDraft) -> dict[str, Any]:
    return {
        "template_messages": with_uuids(given.template_messages),
        "tools": list(given.tools),
        "settings": given.settings,
        "variables": given.variables,
    }


def _versions(project_id: str) -> Select[Any]:
    """Versions with their lineage."""
    its_lineage = and_(
        prompt_lineage.c.project_id == prompt_version.c.project_id, prompt_lineage.c.id == prompt_version.c.lineage_id
    )
    of_lineage = [column.label(f"lineage_{column.name}") for column in prompt_lineage.c if column.name != "id"]
    return (
        select(prompt_version, *of_lineage)
        .join_from(prompt_version, prompt_lineage, its_lineage)
        .where(prompt_version.c.project_id == project_id)
    )


def _version(row: Row[Any]) -> Version:
    return Version(
        id=row.id,
        version=row.version,
        created_at=row.created_at,
        description=row.description,
        template_messages=row.template_messages or [],
        tools=row.tools or [],
        settings=row.settings or {},
        variables=row.variables or [],
        variables_default_values=row.variables_default_values,
        lineage=Lineage(
            id=row.lineage_id,
            name=row.lineage_name,
            description=row.lineage_description,
            created_at=row.lineage_created_at,
            deleted_at=row.lineage_deleted_at,
            rollouts=_rollouts(row.lineage_rollouts),
        ),
    )


def _lineage(row: Row[Any]) -> Lineage:
    return Lineage(
        id=row.id,
        name=row.name,
        description=row.description,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
        rollouts=_rollouts(row.rollouts),
    )


def _rollouts(stored: Any) -> Sequence[Rollout]:
    if not stored:
        return DEFAULT_ROLLOUTS
    return [Rollout(version=given["version"], weight=given["rollout"]) for given in stored]


def _variant(row: Row[Any]) -> Variant:
    return Variant(
        id=row.id,
        created_at=row.created_at,
        from_lineage_id=row.from_lineage_id,
        from_version=row.from_version,
        score_template_id=row.score_template_id,
        template_messages=row.template_messages or [],
        tools=row.tools or [],
        settings=row.settings or {},
        variables=row.variables or [],
    )
