"""What a forked child must not share with its parent: threads, locks, open files."""

import os
import weakref
from typing import Protocol


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
    for thing in list(_living):
        thing.begin_in_child()


os.register_at_fork(after_in_child=_begin)
