"""What a forked child must not share with its parent: threads, locks, open files."""

import logging
import os
import weakref
from typing import Protocol

log = logging.getLogger("monitor")


class Forkable(Protocol):
    """Something that can begin anew."""

    def begin_in_child(self) -> None:
        """Forget what is the parent's, without ending it there."""
        ...


_living: "weakref.WeakSet[Forkable]" = weakref.WeakSet()


def begin_anew_in_children(thing: Forkable) -> None:
    """Have `begin_in_child` called in every process forked from this one, as long as the thing lives."""
    _living.add(thing)


def _begin() -> None:
    """Each by itself: one that fails must not leave the others with what is the parent's."""
    for thing in list(_living):
        try:
            thing.begin_in_child()
        except Exception:
            log.exception("[monitoring only] fault after a fork")


os.register_at_fork(after_in_child=_begin)
