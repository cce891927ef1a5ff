"""What each page tells: one documented dataclass a page, filled from the store. Its JSON twin has the same fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from review.dashboard.conversation import Entry, entries
from review.dashboard.detail import StepDetail, step_detail
from review.dashboard.legend import Kind, State
from review.dashboard.payload import fields_of
from review.dashboard.tree import Node, build
from review.errors import NotFound
from review.files import Files
from review.records import ThreadSummary
from review.store import Store, reads

ROWS_PER_PAGE: Final = 50

_FIRST_LINES: Final = """\
from literalai import LiteralClient
literal = LiteralClient(url="{url}", api_key="lsk_…")
with literal.thread(name="Hello"): literal.message("Is anybody there?", type="user_message"); literal.flush_and_stop()
"""

View = Literal["chat", "tree"]


@dataclass(frozen=True, kw_only=True)
class ThreadsPage:
    """The list of threads, newest first, e.g. /threads?search=refund."""

    template: ClassVar[str] = "threads.html"
    search: Annotated[str, "The words searched for; empty for all threads"]
    threads: Annotated[list[ThreadSummary], "One page of threads, newest first"]
    total: Annotated[int, "How many threads match, on all pages"]
    total_is_exact: Annotated[bool, "False when there are at least `total` threads"]
    newer: Annotated[str | None, "Cursor of the page with newer threads (`before=`); none on the first"]
    older: Annotated[str | None, "Cursor of the page with older threads (`after=`); none on the last"]
    is_first_page: Annotated[bool, "Whether no cursor was given: a list that is empty here is empty altogether"]
    first_lines: Annotated[str, "The three lines of Python that send a first thread here"]


@dataclass(frozen=True, kw_only=True)
class ThreadPage:
    """One thread, the conversation and the steps behind it, e.g. /threads/<id>?step=<step id>."""

    template: ClassVar[str] = "thread.html"
    thread: Annotated[ThreadSummary, "The thread's name, participant, tags, times and sums"]
    release: Annotated[str | None, "The version of the app that recorded it, from its metadata"]
    state: Annotated[State, "Running or abandoned when a step is, failed when it ended on an error, else done"]
    view: Annotated[View, "What stands beside the tree: the conversation (chat) or one step (tree)"]
    tree: Annotated[list[Node], "All steps in reading order, without payload"]
    conversation: Annotated[list[Entry], "Messages, tools used and trouble in reading order; empty in the tree view"]
    selected: Annotated[StepDetail | None, "The step beside the tree; none in the chat view"]
    is_chosen: Annotated[bool, "Whether the address names the step, or we chose one"]
    missing_step_id: Annotated[str | None, "The step the address names, when this thread doesn't have it"]
    first_error_id: Annotated[str | None, "The first step that failed"]


@dataclass(frozen=True, kw_only=True)
class SignInPage:
    """Where a person shows the token or the password, e.g. /login?next=/threads."""

    template: ClassVar[str] = "login.html"
    next: Annotated[str, "Where to go afterwards: a path of ours"]
    has_password: Annotated[bool, "Whether a password would do as well"]
    problem: Annotated[str | None, "Why the last try was refused"]


@dataclass(frozen=True, kw_only=True)
class ErrorPage:
    """What went wrong, and what to do now."""

    template: ClassVar[str] = "error.html"
    status: Annotated[int, "The HTTP status"]
    title: Annotated[str, "What happened, in a few words"]
    detail: Annotated[str, "What happened, in a sentence"]
    advice: Annotated[str, "What to do now"]


Page = ThreadsPage | ThreadPage | SignInPage | ErrorPage
PAGES: tuple[type[Page], ...] = (ThreadsPage, ThreadPage, SignInPage, ErrorPage)


async def threads_page(
    store: Store, project_id: str, *, search: str, after: str | None, before: str | None, api_url: str
) -> ThreadsPage:
    """The list of threads; `api_url` is where the SDK of this installation sends to.

    Raises:
        Refused: a cursor that isn't ours.
    """
    found = await store.read(
        reads.threads_page, project_id, search=search or None, after=after, before=before, limit=ROWS_PER_PAGE
    )
    return ThreadsPage(
        search=search,
        threads=found.rows,
        total=found.total,
        total_is_exact=found.total_is_exact,
        newer=found.previous,
        older=found.next,
        is_first_page=after is None and before is None,
        first_lines=_FIRST_LINES.format(url=api_url),
    )


async def thread_page(
    store: Store,
    files: Files,
    project_id: str,
    thread_id: str,
    *,
    view: View | None,
    step_id: str | None,
    now: datetime,
) -> ThreadPage:
    """One thread; four reads, however many steps it has.

    The conversation comes first, for that is what a reviewer reads; naming a step shows the step. A thread without
    messages has no conversation, so its steps come first.

    Raises:
        NotFound: no such thread.
    """
    thread = await store.read(reads.thread_summary, project_id, thread_id)
    if thread is None:
        raise NotFound(f"No thread has the id {thread_id!r}")
    tree = build(await store.read(reads.thread_steps, project_id, thread_id), now=now)
    here = {node.step.id: node for node in tree}
    node = here.get(step_id) if step_id else None
    view = view or ("tree" if step_id or all(node.kind is not Kind.MESSAGE for node in tree) else "chat")
    if view == "tree":
        node = node or _worth_a_look(tree)
    selected: StepDetail | None = None
    conversation: list[Entry] = []
    if view == "chat":
        conversation = entries(tree, await store.read(reads.thread_messages, project_id, thread_id))
    elif node is not None:
        step = await store.read(reads.step, project_id, node.step.id)
        selected = step_detail(step, node.state, files=files, project_id=project_id) if step else None
    release = fields_of(thread.metadata).get("release")
    return ThreadPage(
        thread=thread,
        release=str(release) if release else None,
        state=_state_of_thread(tree),
        view=view,
        tree=tree,
        conversation=conversation,
        selected=selected,
        is_chosen=step_id in here,
        missing_step_id=step_id if step_id and step_id not in here else None,
        first_error_id=next((node.step.id for node in tree if node.state is State.FAILED), None),
    )


def _worth_a_look(tree: Sequence[Node]) -> Node | None:
    """The step to show when none was named: the first that failed, else the first that isn't just a message."""
    failed = (node for node in tree if node.state is State.FAILED)
    working = (node for node in tree if node.kind is not Kind.MESSAGE)
    return next(failed, None) or next(working, None) or next(iter(tree), None)


def _state_of_thread(tree: Sequence[Node]) -> State:
    states = {node.state for node in tree}
    for unfinished in (State.RUNNING, State.ABANDONED):
        if unfinished in states:
            return unfinished
    last_top = next((node for node in reversed(tree) if node.depth == 0), None)
    return last_top.state if last_top else State.DONE
