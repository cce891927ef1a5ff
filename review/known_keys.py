"""API keys and the projects they open, remembered for a moment: a burst of small batches reads its key once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from review.auth import hash_api_key
from review.records import Project
from review.store import Store
from review.store.keys import project_of_key

REMEMBERED_SECONDS: Final = 1.0
"""How long a revoked key may go on opening its project; another process may have revoked it, so nobody tells us."""

_MOST_REMEMBERED: Final = 1_000


class KnownKeys:
    """Finds the project of a key. All methods belong to one event loop.

    Args:
        store: Where keys are kept.
        clock: Seconds that only go forward.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[str, tuple[Project, float]] = OrderedDict()

    async def project(self, key: str) -> Project | None:
        """The project a key opens; None when the key is unknown or was revoked, which is never remembered."""
        key_hash = hash_api_key(key)
        project, until = self._known.get(key_hash, (None, 0.0))
        if project is not None and self._clock() < until:
            return project
        asked_at = self._clock()
        project = await self._store.read(project_of_key, key_hash)
        self._known.pop(key_hash, None)
        if project is not None:
            self._known[key_hash] = project, asked_at + REMEMBERED_SECONDS
            if len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
        return project
