"""A person at a Chainlit app in a real browser: logs in, sends a file, judges, finds, resumes and deletes the chat."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from real_browser import ARTIFACTS, browser
from thread_tree import as_tree
from waiting import until

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.browser]

TURN = ["user_message", "run", "tool", "assistant_message"]
THREADS = "{ threads { edges { node { id participant { identifier } } } } }"


@pytest.fixture
def app(python_client: Callable[[str], Any], project: Any, scripts: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a Chainlit app, which keeps its chats in the project."""
    client = python_client("chainlit-2.12.0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    command = [client.program, "-m", "chainlit", "run", str(scripts / "chainlit_app.py"), "--headless", "--port", port]
    variables = {**client.variables, **project.variables, "CHAINLIT_AUTH_SECRET": "s" * 64}
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(command, env=variables, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            assert until(lambda: process.poll() is not None or _answers(url), seconds=60)
            assert process.poll() is None, (tmp_path / "log").read_text()
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/project/translations?language=en-US").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
    page.set_default_timeout(20_000)
    yield page
    page.close()


def say(page: Page, text: str, *, answer: str, times: int = 1) -> None:
    """Sends a message and waits for the end of the turn: the app takes no file and no thumb before it."""
    page.locator("#chat-input").fill(text)
    expect(page.locator("#chat-input")).to_contain_text(text)
    page.locator("#chat-submit").click()
    expect(page.get_by_text(answer)).to_have_count(times)
    expect(page.locator("#stop-button")).to_have_count(0)


def test_a_chat_with_a_file_is_judged_found_resumed_and_deleted(app: str, page: Page, project: Any) -> None:
    page.goto(app)
    page.locator("#email").fill("ada")
    page.locator("#password").fill("the word")
    page.locator("#password").press("Enter")
    page.locator("#chat-input").wait_for()
    say(page, "are you there?", answer="I read no file")
    with page.expect_response(lambda response: "/project/file?" in response.url) as upload:
        page.locator("#upload-button-input").set_input_files(
            {"name": "sheet.txt", "mimeType": "text/plain", "buffer": b"forty-two"}
        )
    assert upload.value.ok
    expect(page.get_by_text("sheet.txt").first).to_be_visible()  # before that, Chainlit may empty the input once more
    say(page, "what is in it?", answer="I read sheet.txt")
    page.locator(".positive-feedback-off").first.click()
    page.get_by_placeholder("Your feedback...").fill("quick")
    page.locator("#submit-feedback").click()
    expect(page.locator(".positive-feedback-on")).to_be_visible()
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "chainlit-chat.png")

    [thread] = [edge["node"] for edge in project.ask(THREADS)["threads"]["edges"]]
    assert thread["participant"] == {"identifier": "ada"}
    recorded = (
        "user_message ada: are you there?\n"
        "  run on_message\n"
        "    tool read_files(content=are you there?): no file\n"
        "    assistant_message Assistant: I read no file\n"
        "user_message ada: what is in it?\n"
        "  run on_message\n"
        "    tool read_files(content=what is in it?): sheet.txt\n"
        "    assistant_message Assistant: I read sheet.txt"
    )
    until(lambda: as_tree(project.steps(thread["id"])) == recorded)  # Chainlit sends each step several times
    steps = project.steps(thread["id"])
    assert as_tree(steps) == recorded
    assert [file["name"] for step in steps for file in step["attachments"]] == ["sheet.txt"]
    [score] = [score for step in steps for score in step["scores"]]
    assert score == {"name": "user-feedback", "type": "HUMAN", "value": 1, "comment": "quick"}

    page.locator("#new-chat-button").first.click()
    page.locator("#confirm").click()
    expect(page.get_by_text("I read sheet.txt")).to_have_count(0)
    page.locator("#search-chats-button").click()
    page.get_by_placeholder("Search conversations...").fill("SHEET")
    page.get_by_role("option").first.click()
    expect(page.get_by_text("I read sheet.txt")).to_be_visible()
    expect(page.get_by_text("sheet.txt").first).to_be_visible()
    expect(page.locator(".positive-feedback-on")).to_be_visible()
    say(page, "and now?", answer="I read no file", times=2)
    assert until(lambda: [step["type"] for step in project.steps(thread["id"])] == 3 * TURN)

    page.locator("#thread-history").get_by_text("are you there?").hover()
    page.locator("#thread-options").first.click()
    page.locator("#delete-thread").click()
    page.get_by_role("alertdialog").get_by_role("button").last.click()
    assert until(lambda: not project.ask(THREADS)["threads"]["edges"])
