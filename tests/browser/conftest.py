"""A real browser, and the real review app behind a real socket, filled with the gallery."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page
from real_browser import ARTIFACTS, browser
from starlette.applications import Starlette

from review.app import create_app
from review.context import Review
from review.store import writes
from settings import ReviewSettings

sys.path.insert(
    0, str(Path(__file__).parent)
)  # `tests` itself can't be imported: literalai installs a package of that name
from gallery import Exhibit, gallery

__all__ = ["browser"]

TOKEN = "the-token-of-the-tests"


@dataclass
class Site:
    """A running review app. `url` is where its pages are."""

    url: str
    review: Review
    data_dir: Path

    def signed_in(self, path: str) -> str:
        """The address of a page, with the token that opens it."""
        return f"{self.url}{path}{'&' if '?' in path else '?'}token={TOKEN}"


def serve(app: Starlette, exhibits: Iterable[Exhibit], data_dir: Path) -> Iterator[Site]:
    """Runs an app in a thread on a free port until the generator is closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    ready = threading.Event()

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if server.started:
            await save(app.state.review, exhibits)
            ready.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="review app")
    thread.start()
    try:
        assert ready.wait(60), "the review app did not start"
        yield Site(url, app.state.review, data_dir)
    finally:
        server.should_exit = True
        thread.join(30)


async def save(review: Review, exhibits: Iterable[Exhibit]) -> None:
    """Stores exhibits as the API would."""
    for exhibit in exhibits:
        await review.store.write(
            writes.save_steps, review.project.id, exhibit.steps, environment=None, received_at=exhibit.made_at
        )
        await review.store.write(writes.upsert_thread, review.project.id, exhibit.thread, received_at=exhibit.made_at)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The review app with the whole gallery."""
    data_dir = tmp_path_factory.mktemp("review")
    app = create_app(ReviewSettings(admin_token=TOKEN), data_dir=data_dir)
    yield from serve(app, gallery(datetime.now(UTC)), data_dir)


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The review app as it is on its first day."""
    data_dir = tmp_path_factory.mktemp("empty")
    app = create_app(ReviewSettings(admin_token=TOKEN), data_dir=data_dir)
    yield from serve(app, [], data_dir)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser window's worth of cookies, closed afterwards."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="UTC", locale="en-GB")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A wide, light window."""
    return context.new_page()


@pytest.fixture
def keep() -> Callable[[Page, str], None]:
    """Keeps a screenshot under a name."""

    def keep(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}.png")

    return keep
