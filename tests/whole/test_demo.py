"""What a new user does: the demo's real processes, read through the API by the real SDK, and in a real browser."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import literalai
import pytest
from playwright.sync_api import Browser, expect
from real_browser import ARTIFACTS
from thread_tree import as_tree
from waiting import until

ROOT = Path(__file__).parents[2]
SECONDS = 60

pytestmark = pytest.mark.whole


@dataclass
class Demo:
    """A running demo, and what it printed until it served."""

    process: subprocess.Popen[str]
    url: str
    data: Path
    shown: str

    @property
    def links(self) -> list[str]:
        """The review links."""
        return re.findall(rf"{re.escape(self.url)}/review/threads/\S+", self.shown)

    def stop(self) -> str:
        """Ctrl-C, and what it still printed."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=SECONDS)[0]


@contextmanager
def demo(data: Path) -> Generator[Demo]:
    """`make demo`, without its installation."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "scripts/demo.py"],
        cwd=ROOT,
        env=os.environ | {"PORT": str(port), "DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Demo(process, f"http://127.0.0.1:{port}", data, _until_it_serves(process))
        finally:
            process.terminate()
            process.wait(SECONDS)


def _until_it_serves(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    shown: list[str] = []
    for line in process.stdout:
        shown.append(line)
        if "until Ctrl-C" in line:
            return "".join(shown)
    pytest.fail("the demo ended early:\n" + "".join(shown))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests that only read."""
    with demo(tmp_path_factory.mktemp("demo") / "data") as started:
        yield started


def test_the_demo_shows_every_turn_and_ends_with_a_link_per_thread(running: Demo) -> None:
    assert "what's the weather in sf" in running.shown
    assert 'get_current_weather(location="San Francisco")' in running.shown
    assert "2 conversations" in running.shown
    assert len(running.links) == 2


def read_threads(demo: Demo, *, steps: int) -> dict[str, str]:
    """Every thread as a tree, by name, once so many steps have been delivered."""
    key = (demo.data / "api-key").read_text().strip()
    client = literalai.LiteralClient(api_key=key, url=f"{demo.url}/review")
    try:
        until(lambda: client.api.get_steps().total_count >= steps)
        threads = [client.api.get_thread(found.id) for found in client.api.list_threads().data]
        return {thread.name: as_tree([step.to_dict() for step in thread.steps], chars=80) for thread in threads}
    finally:
        client.flush_and_stop()


def test_both_conversations_are_stored_with_every_step(running: Demo) -> None:
    assert read_threads(running, steps=25) == {
        "Weather in two cities": """\
user_message user: what's the weather in sf
run agent
  llm offline-demo → get_current_weather({"location":"San Francisco"})
  tool get_current_weather(location=San Francisco): {"location":"San Francisco"…
  llm offline-demo: In San Francisco it is 27 °C, fog, wind 24 km/h, humidity 6…
assistant_message assistant: In San Francisco it is 27 °C, fog, wind 24 km/h, h…
user_message user: what's the weather in paris
run agent
  llm offline-demo → get_current_weather({"location":"Paris"})
  tool get_current_weather(location=Paris): {"location":"Paris","temperature":2…
  llm offline-demo: In Paris it is 23 °C, overcast, wind 2 km/h, humidity 68 %.…
assistant_message assistant: In Paris it is 23 °C, overcast, wind 2 km/h, humid…""",
        "Two cities at once, and a sum": """\
user_message ada: weather in sf and paris
run agent
  llm offline-demo → get_current_weather({"location":"San Francisco"}), get_cur…
  tool get_current_weather(location=San Francisco): {"location":"San Francisco"…
  tool get_current_weather(location=Paris): {"location":"Paris","temperature":2…
  llm offline-demo: In San Francisco it is 27 °C, fog, wind 24 km/h, humidity 6…
assistant_message assistant: In San Francisco it is 27 °C, fog, wind 24 km/h, h…
user_message ada: what is 12 * (3 + 4)?
run agent
  llm offline-demo → calculate({"expression":"12 * (3 + 4)"})
  tool calculate(expression=12 * (3 + 4)): 84
  llm offline-demo: 12 * (3 + 4) = 84.
assistant_message assistant: 12 * (3 + 4) = 84.""",
    }


def test_the_printed_link_opens_the_conversation_signed_in(running: Demo, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 760})
    page.goto(running.links[-1])
    expect(page.get_by_text("12 * (3 + 4) = 84.").last).to_be_visible()
    expect(page.get_by_role("heading", name="Two cities at once, and a sum")).to_be_visible()
    assert "token" not in page.url
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "demo-thread.png")
    page.close()


def test_ctrl_c_stops_everything_cleanly(tmp_path: Path) -> None:
    with demo(tmp_path / "data") as started:
        last_words = started.stop()
    assert started.process.returncode == 0
    assert "Traceback" not in last_words
    log = (tmp_path / "data" / "server.log").read_text()
    assert "Traceback" not in log
    assert "Finished server process" in log


def test_a_second_start_finds_the_threads_of_the_first(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with demo(data) as first:
        key = (data / "api-key").read_text()
        first.stop()
    with demo(data) as second:
        assert (data / "api-key").read_text() == key
        client = literalai.LiteralClient(api_key=key.strip(), url=f"{second.url}/review")
        try:
            assert until(lambda: client.api.list_threads().total_count == 4)
        finally:
            client.flush_and_stop()
