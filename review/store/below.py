"""Which steps are below a step: its children, and theirs."""

from typing import Final

from sqlalchemy import Connection, select

from review.store.tables import step

MOST_BELOW: Final = 1_000


def ids_below(conn: Connection, project_id: str, step_id: str, *, thread_id: str | None) -> list[str]:
    """The ids of the steps below one, at most a thousand; parents that go round in a circle end there.

    Args:
        conn: A connection of `store.read`.
        project_id: Whose step.
        step_id: The step at the top; it is not among those below it.
        thread_id: Its thread, where the steps below it are looked for.
    """
    if thread_id is None:
        return _without_thread(conn, project_id, step_id)
    return _in_thread(conn, project_id, step_id, thread_id)


def _in_thread(conn: Connection, project_id: str, step_id: str, thread_id: str) -> list[str]:
    of_thread = (step.c.project_id == project_id, step.c.thread_id == thread_id, step.c.parent_id.is_not(None))
    children: dict[str, list[str]] = {}
    for row in conn.execute(select(step.c.id, step.c.parent_id).where(*of_thread)):
        children.setdefault(row.parent_id, []).append(row.id)
    seen = {step_id: None}
    pending = [step_id]
    while pending and len(seen) <= MOST_BELOW:
        new = [child for child in children.get(pending.pop(), ()) if child not in seen]
        seen.update(dict.fromkeys(new))
        pending.extend(new)
    return [id_ for id_ in seen if id_ != step_id][:MOST_BELOW]


def _without_thread(conn: Connection, project_id: str, step_id: str) -> list[str]:
    # UNION drops what was found before, so a circle ends.
    mine = (step.c.project_id == project_id, step.c.thread_id.is_(None))
    below = select(step.c.id).where(*mine, step.c.parent_id == step_id).cte("below", recursive=True)
    below = below.union(select(step.c.id).where(*mine, step.c.parent_id == below.c.id))
    found = select(below.c.id).where(below.c.id != step_id).limit(MOST_BELOW)
    return list(conn.execute(found).scalars())
