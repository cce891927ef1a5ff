"""A document of nothing but `upsertThread`, asking for no more than ids: stored in one transaction.

Our own monitor sends them beside its batches of steps. On the general way each thread is a transaction of its own, one
after the other, which takes longer than the steps do. What can't be stored this way goes the general way, where every
thread has its own error.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from graphql import DocumentNode

from review.api.access import Caller
from review.api.batch import Plan, plan_for
from review.errors import Busy, ReviewError
from review.ingest.literal import thread_update
from review.records import ThreadUpdate
from review.store import Connection
from review.store.writes import upsert_thread

logger = logging.getLogger(__name__)

_ARGUMENTS: Final = frozenset({"id", "name", "metadata", "participantId", "environment", "tags"})
_RESULTS: Final = frozenset({"id"})


def thread_plan_of(document: DocumentNode) -> Plan | None:
    """The plan of a document, or None when it is anything but a plain batch of threads."""
    return plan_for(document, "upsertThread", arguments=_ARGUMENTS, results=_RESULTS)


async def carry_out_threads(plan: Plan, caller: Caller, variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Stores a planned batch; None when nothing was stored and each thread has to be tried by itself.

    Raises:
        Busy: too much is waiting; nothing was stored.
    """
    try:
        updates = [thread_update(one.arguments(variables), environment=caller.environment) for one in plan]
        await caller.store.write_sized(caller.body_bytes, _upsert, caller.project_id, updates, received_at=caller.now)
    except Busy:
        raise
    except ReviewError:
        return None
    except Exception:
        logger.exception("a batch of %d threads failed; they are stored apart", len(plan))
        return None
    return {one.key: one.told({"id": update.id}) for one, update in zip(plan, updates, strict=True)}


def _upsert(conn: Connection, project_id: str, updates: Sequence[ThreadUpdate], *, received_at: datetime) -> None:
    for update in sorted(updates, key=lambda update: update.id):  # one order for all writers: no deadlock
        upsert_thread(conn, project_id, update, received_at=received_at)
