"""scripts/demo.py, with a small server and a small client in the place of ours."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# How it ended is left in a file; on a port of its own it answers /livez and nothing else.
SERVER = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

def end(number, frame):
    Path("ended-by").write_text(signal.Signals(number).name)
    sys.exit()

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, end)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/livez" else 404)
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
CLIENT = "import sys; print('replayed', *sys.argv[1:])"
ENDLESS_CLIENT = "import signal; print('replaying', flush=True); signal.pause()"
FAILING_CLIENT = "print('failed'); raise SystemExit(1)"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    monkeypatch.setenv("PORT", str(number))
    return number


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """A project whose server and client are these."""

    def make(server: str = SERVER, client: str = CLIENT) -> Path:
        (tmp_path / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / "demo.py", tmp_path / "scripts")
        shutil.copy(ROOT / "settings.py", tmp_path)
        (tmp_path / "server.py").write_text(server)
        (tmp_path / "client.py").write_text(client)
        return tmp_path

    return make


@contextmanager
def demo(project: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo in a process group of its own, as a terminal starts it."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "scripts/demo.py"],
        cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            running.terminate()


def shown_until(running: subprocess.Popen[str], word: str) -> str:
    assert running.stdout
    shown = ""
    for line in running.stdout:
        shown += line
        if word in line:
            return shown
    pytest.fail(f"{word!r} was never shown, but: {shown} {running.stderr.read() if running.stderr else ''}")


def press_ctrl_c(running: subprocess.Popen[str]) -> tuple[str, str]:
    os.killpg(running.pid, signal.SIGINT)
    return running.communicate(timeout=30)


def test_it_replays_serves_and_stops_cleanly_at_ctrl_c(project, port: int):
    with demo(project()) as running:
        shown = shown_until(running, "Serving")
        rest, errors = press_ctrl_c(running)

    assert shown == (
        f"Starting the server on http://127.0.0.1:{port}; its log is data/server.log.\n\n"
        f"replayed --url http://127.0.0.1:{port}\n\n"
        f"Serving on http://127.0.0.1:{port} until Ctrl-C.\n"
    )
    assert (running.returncode, rest, errors) == (0, "\nStopped.\n", "")


def test_ctrl_c_reaches_the_server_as_a_request_to_stop_and_only_through_the_demo(project, port: int):
    folder = project()
    with demo(folder) as running:
        shown_until(running, "Serving")
        press_ctrl_c(running)

    assert (folder / "ended-by").read_text() == "SIGTERM"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_server_does_not_outlive_a_demo_that_is_told_to_end(project, port: int, number: signal.Signals):
    folder = project()
    with demo(folder) as running:
        shown_until(running, "Serving")
        running.send_signal(number)
        running.communicate(timeout=30)

    assert running.returncode == 0
    assert (folder / "ended-by").read_text() == "SIGTERM"


def test_ctrl_c_in_the_middle_of_the_replay_stops_all_of_it(project, port: int):
    folder = project(client=ENDLESS_CLIENT)
    with demo(folder) as running:
        shown_until(running, "replaying")
        rest, errors = press_ctrl_c(running)

    assert (running.returncode, rest, errors) == (0, "\nStopped.\n", "")
    assert (folder / "ended-by").read_text() == "SIGTERM"


def test_a_replay_that_failed_is_served_and_told_by_the_exit_code(project, port: int):
    with demo(project(client=FAILING_CLIENT)) as running:
        shown_until(running, "Serving")
        press_ctrl_c(running)

    assert running.returncode == 1


def test_a_server_that_dies_at_the_start_shows_its_log(project, port: int):
    with demo(project(server="print('no such table'); raise SystemExit(3)")) as running:
        _, errors = running.communicate(timeout=30)

    assert errors == ("demo: the server ended with code 3.\nThe end of data/server.log:\nno such table\n\n")
    assert running.returncode == 1


def test_a_server_that_dies_later_ends_the_demo(project, port: int):
    server = SERVER.replace("else 404)", "else 404)\n        if self.path == '/die': os._exit(4)")
    client = "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']))\n"
    client += "c.request('GET', '/die')"
    with demo(project(server, client)) as running:
        _, errors = running.communicate(timeout=30)

    assert errors.startswith("demo: the server ended with code 4.\n")
    assert running.returncode == 1


def test_a_port_in_use_is_one_line(project, port: int):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with demo(project()) as running:
            _, errors = running.communicate(timeout=30)

    assert errors == f"demo: port {port} of 127.0.0.1 is in use; another one: PORT={port + 1} make demo\n"
    assert running.returncode == 2


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "0", "PORT=0 lets the server choose, and then nobody knows where it is; set a port\n"),
        ("HOST", "192.0.2.1", "port 8000 of 192.0.2.1 can't be used: Cannot assign requested address\n"),
        ("HOST", "no host", "port 8000 of no host can't be used: "),
        ("DATA_DIR", "server.py", "[Errno 17] File exists: 'server.py'\n"),
        ("PORT", "many", "Setting refused. PORT: "),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    project, monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
):
    monkeypatch.setenv(name, value)

    with demo(project()) as running:
        _, errors = running.communicate(timeout=30)

    assert errors.startswith(f"demo: {line}")
    assert (errors.count("\n"), running.returncode) == (1, 2)


def test_only_the_owner_can_read_the_servers_log(project, port: int):
    folder = project()
    with demo(folder) as running:
        shown_until(running, "Serving")
        press_ctrl_c(running)

    assert stat.S_IMODE((folder / "data" / "server.log").stat().st_mode) == 0o600


def test_a_server_that_will_not_stop_is_killed_by_a_second_ctrl_c(project, port: int):
    with socket.create_server(("127.0.0.1", 0)) as asked:
        asked.settimeout(30)
        tells_and_goes_on = f"__import__('socket').create_connection(('127.0.0.1', {asked.getsockname()[1]})); return"
        folder = project(server=SERVER.replace('Path("ended-by")', f'{tells_and_goes_on}; Path("ended-by")'))
        with demo(folder) as running:
            shown_until(running, "Serving")
            os.killpg(running.pid, signal.SIGINT)
            asked.accept()[0].close()
            _, errors = press_ctrl_c(running)

    assert (running.returncode, errors) == (0, "")
    assert not (folder / "ended-by").exists()
