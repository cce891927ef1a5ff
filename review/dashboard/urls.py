"""Every link of the pages, made in one place: below whatever path the app is mounted at, and quoted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Urls:
    """Links for one request. `root` is where the app is mounted: empty, or a path like /review."""

    root: str
    fingerprint: Callable[[str], str]

    def threads(self, *, search: str = "", after: str | None = None, before: str | None = None) -> str:
        """The list of threads."""
        return self.page("/threads", search=search, after=after, before=before)

    def thread(self, thread_id: str, *, step: str | None = None, view: str | None = None) -> str:
        """A thread, beside one of its steps if that is named."""
        return self.page(f"/threads/{quote(thread_id, safe='')}", step=step, view=view)

    def raw(self, step_id: str, part: str) -> str:
        """One part of a step, whole and as it is stored."""
        return self.page(f"/raw/{part}/{quote(step_id, safe='')}")

    def login(self, *, then: str = "") -> str:
        """The sign-in page, which leads on to `then`, a path of ours."""
        return self.page("/login", next=then)

    def logout(self) -> str:
        """Where the sign-out form is posted to."""
        return self.page("/logout")

    def static(self, name: str) -> str:
        """A file of ours under a name that changes with its content, so that browsers may keep it for good."""
        return self.page(f"/static/{name}", v=self.fingerprint(name))

    def page(self, path: str, **query: str | None) -> str:
        """Any path of ours; empty parts of the query are left out."""
        return self.root + with_query(path, query)


def with_query(path: str, query: Mapping[str, str | None]) -> str:
    """A path with its query; empty parts are left out."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def safe_path(then: str) -> str:
    """A path of ours to go to after signing in; anything that could lead elsewhere becomes the list of threads."""
    ours = then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable() and "\\" not in then
    return then if ours else "/threads"
