"""Starting and stopping: what is said, what is mounted, and what a wrong setting gets."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
ASK = {"role": "user", "content": "what's the weather in sf"}
SECONDS = 60


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a program of the project with these variables; its output is one text."""
    started: list[subprocess.Popen[str]] = []

    def begin(*command: str, **variables: str) -> subprocess.Popen[str]:
        environment = os.environ | {"DATA_DIR": str(tmp_path / "data")} | variables
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[str], word: str) -> list[str]:
    """What a program prints up to a word, which must come."""
    assert process.stdout
    shown: list[str] = []
    for line in process.stdout:
        shown.append(line)
        if word in line:
            return shown
    pytest.fail(f"it ended without {word!r}:\n{''.join(shown)}")


def test_it_says_what_answers_and_prints_a_link_that_signs_in(start, port) -> None:
    server = start("server.py", PORT=str(port))
    shown = "".join(lines_until(server, "token="))
    assert "offline demo model" in shown
    link = re.search(r"http://\S+/review/login\?token=\S+", shown)
    assert link
    page = requests.get(link[0], timeout=SECONDS)
    assert page.status_code == 200
    assert page.url == f"http://127.0.0.1:{port}/review/threads"


def test_a_token_that_was_set_is_in_no_log(start, port) -> None:
    server = start("server.py", PORT=str(port), ADMIN_TOKEN="set-by-its-owner")
    shown = "".join(lines_until(server, "Review pages"))
    assert "set-by-its-owner" not in shown


def test_the_classic_client_program_works_unchanged(start, port) -> None:
    """Two posts with the same thread id; the second sends the first answer's history back."""
    lines_until(start("-m", "uvicorn", "server:app", "--port", str(port)), "running on")
    url = f"http://127.0.0.1:{port}/process/"
    history = [{"role": "system", "content": "You are a helpful assistant."}, ASK]
    first = requests.post(url, json={"message_history": history, "thread_id": "t1"}, timeout=SECONDS).json()
    history = [*first["message_history"], {"role": "user", "content": "what's the weather in paris"}]
    second = requests.post(url, json={"message_history": history, "thread_id": "t1"}, timeout=SECONDS).json()
    assert "San Francisco" in first["message_history"][-1]["content"]
    assert "Paris" in second["message_history"][-1]["content"]


def test_no_token_reaches_the_access_log(start, port) -> None:
    server = start("-m", "uvicorn", "server:app", "--port", str(port))
    lines_until(server, "running on")
    requests.get(f"http://127.0.0.1:{port}/review/threads?token=some-secret&x=1", timeout=SECONDS)
    server.send_signal(signal.SIGTERM)
    shown, _ = server.communicate(timeout=SECONDS)
    assert "some-secret" not in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(start, port, number) -> None:
    server = start("server.py", PORT=str(port))
    lines_until(server, "token=")
    requests.post(
        f"http://127.0.0.1:{port}/process/", json={"message_history": [ASK], "thread_id": "t1"}, timeout=SECONDS
    )
    server.send_signal(number)
    shown, _ = server.communicate(timeout=SECONDS)
    assert server.returncode in {0, -number, 128 + number}
    assert "Traceback" not in shown


WRONG = {
    "a port that is no number": ({"PORT": "many"}, "PORT"),
    "a port that is taken": ({}, "in use"),
    "an address without a key": ({"LITERAL_API_URL": "http://127.0.0.1:9"}, "LITERAL_API_KEY"),
    "a database of no known kind": ({"DATABASE_URL": "mysql://x"}, "mysql"),
    "a data folder that is a file": ({"DATA_DIR": str(ROOT / "README.md")}, "README.md"),
    "a database that is not there": ({"DATABASE_URL": "postgresql://127.0.0.1:9/x"}, "database"),
}


@pytest.mark.parametrize(("variables", "named"), WRONG.values(), ids=WRONG.keys())
def test_what_can_not_be_used_is_named_without_a_traceback(start, port, variables, named) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        default = taken.getsockname()[1] if named == "in use" else port
        server = start("server.py", **{"PORT": str(default), **variables})
        shown, _ = server.communicate(timeout=SECONDS)
    assert server.returncode
    assert named in shown
    assert "Traceback" not in shown


def test_a_wrong_setting_is_named_by_uvicorn_too(start) -> None:
    server = start("-m", "uvicorn", "server:app", TURN_SECONDS="soon")
    shown, _ = server.communicate(timeout=SECONDS)
    assert "TURN_SECONDS" in shown
    assert "Traceback" not in shown


async def test_with_another_literal_api_nothing_is_mounted_and_the_steps_go_there(start, port, serve) -> None:
    review = start("-m", "review", "serve", "--port", str(port), LITERAL_API_KEY="lsk_there")
    await asyncio.to_thread(lines_until, review, "LITERAL_API_URL=")
    url = f"http://127.0.0.1:{port}"
    async with serve(LITERAL_API_URL=url, LITERAL_API_KEY="lsk_there") as running:
        answer = (await running.process(ASK)).json()
        assert await asyncio.to_thread(running.app.state.literal.flush)
        assert (await running.http.get("/review/threads")).status_code == 404
    assert answer["review_url"] == f"{url}/threads/t1"
    query = {"query": '{ threadDetail(id: "t1") { steps { type } } }'}
    there = await asyncio.to_thread(
        requests.post, f"{url}/api/graphql", json=query, headers={"x-api-key": "lsk_there"}, timeout=SECONDS
    )
    types = [step["type"] for step in there.json()["data"]["threadDetail"]["steps"]]
    assert types == ["user_message", "run", "llm", "tool", "llm", "assistant_message"]
