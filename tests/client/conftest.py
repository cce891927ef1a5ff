"""A server that answers as scripted, strict on what it is sent, and client.py as a real process."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

Messages = list[dict[str, Any]]
Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the server sends: a reply is made from `messages`, anything else is `raw`."""

    messages: Messages = field(default_factory=list)
    finish_reason: str = "stop"
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class ScriptedServer:
    """Answers `POST /process/` by what the user said; complains of a history that is not the one it gave out."""

    def __init__(self, answers: dict[str, Answer | Callable[[], Answer]]) -> None:
        self.answers = answers
        self.bodies: list[Body] = []
        self.complaints: list[str] = []
        self.received = threading.Event()
        self.review_base = ""
        self._given: dict[str, Messages] = {}
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def thread_ids(self) -> list[str]:
        return list(dict.fromkeys(body["thread_id"] for body in self.bodies))

    def answer(self, body: Body) -> tuple[int, dict[str, str], bytes]:
        history: Messages = body["message_history"]
        with self._lock:
            self._check(body, history)
            self.bodies.append(body)
        self.received.set()
        scripted = self.answers[history[-1]["content"]]
        answer = scripted() if callable(scripted) else scripted
        if answer.raw is not None:
            return answer.status, answer.headers, answer.raw
        full = [*history, *answer.messages]
        self._given[body["thread_id"]] = full
        reply = {
            "message_history": full,
            "thread_id": body["thread_id"],
            "finish_reason": answer.finish_reason,
            "tools_used": sorted({call["function"]["name"] for m in full for call in m.get("tool_calls") or []}),
            "usage": {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42},
            "review_url": f"{self.review_base or self.url}/review/threads/{body['thread_id']}",
        }
        return 200, {}, json.dumps(reply).encode()

    def _check(self, body: Body, history: Messages) -> None:
        unknown = set(body) - {"message_history", "thread_id", "name", "tags", "metadata", "user_id"}
        before = self._given.get(body["thread_id"])
        if unknown:
            self.complaints.append(f"unknown members {unknown}")
        if history[-1]["role"] != "user":
            self.complaints.append(f"the last message is from {history[-1]['role']}")
        if before is None and [message["role"] for message in history] not in (["user"], ["system", "user"]):
            self.complaints.append(f"a thread began with {history}")
        if before is not None and history[:-1] != before:
            self.complaints.append(f"the history was {before} and came back as {history[:-1]}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_error(404)

            def do_POST(self) -> None:
                if self.path != "/process/":
                    scripted.complaints.append(f"POST {self.path}")
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, headers, content = scripted.answer(body)
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(content))}).items():
                    self.send_header(name, value)
                with suppress(ConnectionError):  # a client that was interrupted has gone
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """Starts scripted servers; at the end no one of them may have complained."""
    servers: list[ScriptedServer] = []

    def start(answers: dict[str, Answer | Callable[[], Answer]]) -> ScriptedServer:
        servers.append(ScriptedServer(answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
    assert [complaint for server in servers for complaint in server.complaints] == []


def _says(text: str, **more: Any) -> Answer:
    return Answer([{"role": "assistant", "content": text}], **more)


def _uses(calls: list[tuple[str, dict[str, Any], str]], text: str) -> Answer:
    asked = [
        {"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for i, (name, arguments, _) in enumerate(calls)
    ]
    results = [{"role": "tool", "tool_call_id": f"call_{i}", "content": call[2]} for i, call in enumerate(calls)]
    wants = {"role": "assistant", "content": None, "tool_calls": asked}
    return Answer([wants, *results, {"role": "assistant", "content": text}])


@pytest.fixture
def says() -> Callable[..., Answer]:
    """An answer in words."""
    return _says


@pytest.fixture
def uses() -> Callable[..., Answer]:
    """An answer after tool calls, each (name, arguments, result)."""
    return _uses


@pytest.fixture
def broken() -> Callable[..., Answer]:
    """An answer that is none: a status, the bytes of its body, and headers."""

    def make(status: int, raw: bytes, **headers: str) -> Answer:
        return Answer(
            status=status, raw=raw, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return make


@dataclass(frozen=True)
class Ran:
    """How client.py ended; times, ports and new thread ids are replaced in `out`."""

    code: int
    out: str
    err: str
    raw: str


def readable(text: str) -> str:
    text = re.sub(r"\d+\.\d\d s\b", "0.00 s", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "NEW-ID", text)


@pytest.fixture
def command() -> list[str]:
    """client.py as it is started; it is found by its path, so that a developer's own .env is out of reach."""
    return [sys.executable, "-W", "error", str(ROOT / "client.py")]


@pytest.fixture
def client(command: list[str]) -> Callable[..., Ran]:
    """Runs client.py in the test's folder."""

    def run(*arguments: str | Path) -> Ran:
        done = subprocess.run(
            [*command, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, encoding="utf-8"
        )
        return Ran(done.returncode, readable(done.stdout), readable(done.stderr), done.stdout)

    return run


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Writes a script into the test's folder and answers its name there."""

    def write(text: str, name: str = "talk.yaml") -> Path:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return Path(name)

    return write
