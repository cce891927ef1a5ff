"""What `make demo` runs: the server, the conversations replayed through it, and then the server until Ctrl-C.

Exit code: 0 after Ctrl-C; 1 when the server died or the replay failed; 2 when the server can't be started here.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a script finds the modules beside it, and these are one folder up

import settings  # noqa: E402 # found only now

START_SECONDS = 60
PAUSE_SECONDS = 0.05
STOP_GRACE_SECONDS = 5  # on top of what the server itself takes to finish requests and to deliver steps
LOG_TAIL_CHARS = 4_000


class DemoError(Exception):
    """The demo can't go on. The message is for people; `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    """Runs the demo and answers the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # a `kill`, a closed terminal: the server must not outlive us
        signal.signal(number, signal.default_int_handler)
    os.chdir(ROOT)
    try:
        return show()
    except (settings.SettingsError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.code


def show() -> int:
    """The demo itself: 0 or 1 after Ctrl-C, wherever that came; an error when the server ends before."""
    known = settings.load()
    server = known.server
    url = reachable_url(server)
    check_port_is_free(server)
    log = server.data_dir / "server.log"
    code = 0
    try:
        _say(f"Starting the server on {url}; its log is {log}.\n")
        patience = server.stop_seconds + known.monitor.delivery_stop_seconds + STOP_GRACE_SECONDS
        with running([sys.executable, "server.py"], log=log, stop_seconds=patience) as child:
            wait_until_alive(url, child, log)
            code = min(replay(url), 1)
            _say(f"\nServing on {url} until Ctrl-C.")
            child.wait()
    except KeyboardInterrupt:
        _say("\nStopped.")
        return code
    raise DemoError(died(child, log), code=1)


def reachable_url(server: settings.ServerSettings) -> str:
    """Where this machine reaches a server with these settings."""
    if server.port == 0:
        raise DemoError("PORT=0 lets the server choose, and then nobody knows where it is; set a port", code=2)
    return server.local_url


def check_port_is_free(server: settings.ServerSettings) -> None:
    """Finds out before the server does, so that there is one line to read in place of its log."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server binds
            probe.bind(address)
    except OSError as error:
        where = f"port {server.port} of {server.host}"
        if error.errno == errno.EADDRINUSE:
            other = server.port % 65_535 + 1
            raise DemoError(f"{where} is in use; another one: PORT={other} make demo", code=2) from None
        raise DemoError(f"{where} can't be used: {error.strerror}", code=2) from None


@contextmanager
def running(command: list[str], *, stop_seconds: float, log: Path | None = None) -> Generator[subprocess.Popen[bytes]]:
    """A child that is ended with the block. Its output goes to `log`, or where ours goes.

    It has a session of its own: the terminal's Ctrl-C reaches only us, and we say when the child ends.
    """
    with ExitStack() as stack:
        output = stack.enter_context(_private_file(log)) if log else None
        child = stack.enter_context(
            subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)  # our own
        )
        stack.callback(stop, child, stop_seconds)
        yield child


def stop(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Asks the child to end, and ends it after that many seconds or at a second Ctrl-C."""
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        _say(f"It did not stop within {seconds:g} s and was killed.")
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def wait_until_alive(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when `GET /livez` is answered; tells the log when that can't be expected any more."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy can't reach this machine
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # A failed look and a pause in one: the pause ends early when the child does.
        with suppress(subprocess.TimeoutExpired):
            child.wait(PAUSE_SECONDS)
            raise DemoError(died(child, log), code=1)
        with suppress(OSError), direct.open(f"{url}/livez", timeout=START_SECONDS):
            return
    raise DemoError(f"the server did not answer within {START_SECONDS} s.\n{tail(log)}", code=1)


def replay(url: str) -> int:
    """Runs client.py on our own screen and answers its exit code."""
    with running([sys.executable, "client.py", "--url", url], stop_seconds=1) as client:
        return client.wait()


def died(child: subprocess.Popen[bytes], log: Path) -> str:
    """What to say about a server that ended by itself."""
    return f"the server ended with code {child.returncode}.\n{tail(log)}"


def tail(log: Path) -> str:
    """The end of the log, with its name."""
    return f"The end of {log}:\n{log.read_text(encoding='utf-8', errors='replace')[-LOG_TAIL_CHARS:]}"


def _private_file(path: Path) -> BinaryIO:
    """A new file that only we can read: a server that makes a token says so in its log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
