"""The run a step belongs to, for steps whose sender did not say (literal-api.md §4.1 rule 8).

It is found when a step is read, by walking up to the topmost run: parents may arrive after their children, so whatever
was worked out at write time could be wrong a moment later.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, and_, select

from review.store.tables import step

_MOST_ANCESTORS: Final = 10_000  # of one page; a longer chain is an error of its sender


class _Link(NamedTuple):
    parent_id: str | None
    root_run_id: str | None
    type: str | None


def root_runs(conn: Connection, project_id: str, rows: Sequence[Row[Any]]) -> dict[str, str | None]:
    """The root run of each row's step, in one query at most; rows need id, parent_id, root_run_id and type.

    Parents among the rows are not asked for again, so a whole thread needs no query in the usual case.
    """
    known = {row.id: _Link(row.parent_id, row.root_run_id, row.type) for row in rows}
    wanted = {row.parent_id for row in rows if row.root_run_id is None and row.parent_id and row.parent_id not in known}
    if wanted:
        known |= _ancestors(conn, project_id, sorted(wanted))
    roots: dict[str, str | None] = {}
    for row in rows:
        _find_root(row.id, known, roots)
    return {row.id: roots[row.id] for row in rows}


def _find_root(step_id: str, known: Mapping[str, _Link], roots: dict[str, str | None]) -> None:
    """Adds the root of a step and of all on its way up. A way that comes back to itself ends there."""
    way: dict[str, None] = {}
    above: str | None = step_id
    while above is not None and above in known and above not in way and above not in roots:
        way[above] = None
        above = known[above].parent_id
    for below in reversed(way):
        link = known[below]
        parent = known.get(link.parent_id or "")
        is_run = parent is not None and parent.type == "run"
        roots[below] = link.root_run_id or roots.get(link.parent_id or "") or (link.parent_id if is_run else None)


def _ancestors(conn: Connection, project_id: str, ids: Sequence[str]) -> dict[str, _Link]:
    """Steps and all their parents. UNION drops what was found before, so a cycle ends."""
    columns = (step.c.id, step.c.parent_id, step.c.root_run_id, step.c.type)
    chain = select(*columns).where(step.c.project_id == project_id, step.c.id.in_(ids)).cte("chain", recursive=True)
    above = and_(step.c.project_id == project_id, step.c.id == chain.c.parent_id)
    chain = chain.union(select(*columns).join_from(chain, step, above))
    found = conn.execute(select(chain).limit(_MOST_ANCESTORS))
    return {row.id: _Link(row.parent_id, row.root_run_id, row.type) for row in found}
