"""`python -m monitor`: look into the outbox and take care of it. Works beside a running service and without one."""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import orjson

import settings
from monitor.buried import Buried, Graveyard
from monitor.clock import SystemClock, iso
from monitor.delivery import Delivery
from monitor.doctor import examine
from monitor.inspection import Contents, look_into, waiting_records
from monitor.losses import Losses
from monitor.records import Record
from monitor.segments import bytes_waiting
from monitor.transport import Transport

KEY_FILE = "api-key"  # where the review app keeps the key it makes on first start
DRAIN_POLL_SECONDS = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 all is well, 1 something needs a person, 2 a wrong call."""
    asked = _parser().parse_args(arguments)
    try:
        return asked.run(Command(settings.load(), asked))
    except settings.SettingsError as error:
        _stop(str(error))
    except BrokenPipeError:  # whoever read the output has seen enough
        return 0
    except OSError as error:
        _stop(f"{error.filename or 'disk'}: {error.strerror}")


class Command:
    """One call of the program: which outboxes it is about, and how it answers."""

    def __init__(self, loaded: settings.Settings, asked: argparse.Namespace) -> None:
        """Settings say where the outbox is, unless `--folder` does."""
        self.asked = asked
        self.monitor = loaded.monitor
        self._server = loaded.server

    def folders(self) -> list[Path]:
        """The outbox that is asked for, else all there are, else where it will be."""
        if chosen := self.asked.folder or self.monitor.outbox_dir:
            return [chosen]
        found = sorted(path for path in self._server.data_dir.glob("outbox*") if path.is_dir())
        return found or [self._server.data_dir / "outbox"]

    def connect(self) -> Transport | None:
        """The server steps go to: the one that is set, else the one that a service of this folder serves itself."""
        url = self.asked.url or self.monitor.literal_api_url
        key = self.monitor.literal_api_key.get_secret_value() if self.monitor.literal_api_key else None
        own_key = self._server.data_dir / KEY_FILE
        if url is None and own_key.is_file():
            url = f"http://{self._server.host}:{self._server.port}/review"
        if key is None and own_key.is_file():
            key = own_key.read_text(encoding="utf-8").strip()
        return Transport(url, key, timeout=self.monitor.delivery_seconds) if url and key else None

    def say(self, data: Any, text: str) -> None:
        """Answer: JSON for programs, text for people."""
        print(orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str).decode() if self.asked.json else text)


def status(command: Command) -> int:
    """How much waits and since when, what was buried, what was lost."""
    found = [look_into(folder) for folder in command.folders()]
    now = time.time()
    command.say([_told(one, now) for one in found], "\n\n".join(_status_text(one, now) for one in found))
    return 0


def buried(command: Command) -> int:
    """The steps the server refused, each with its reason."""
    found = [one for folder in command.folders() for one in Graveyard(folder).all()]
    lines = [f"{one.buried_at}  {one.record.kind} {one.record.identity()}  {one.reason}" for one in found]
    command.say([_buried(one) for one in found], "\n".join(lines) or "nothing is buried")
    return 1 if found else 0


def retry(command: Command) -> int:
    """Send buried steps again: all of them, or those with the ids given."""
    ids = set(command.asked.ids) or None
    count = sum(Graveyard(folder).retry(ids, time.time()) for folder in command.folders() if folder.is_dir())
    command.say({"retried": count}, f"{count} back in the outbox")
    return 0 if count or ids is None else 1


def drain(command: Command) -> int:
    """Deliver what waits, here, or watch the service that does; at most `--seconds`."""
    deadline = time.monotonic() + command.asked.seconds
    left = 0
    problem: str | None = None
    for folder in command.folders():
        problem = _drain(command, folder, deadline) or problem
        left += look_into(folder).queued_steps
    text = f"{left} left" + (f": {problem}" if left and problem else "")
    command.say({"left": left, "problem": problem if left else None}, text)
    return 1 if left else 0


def _drain(command: Command, folder: Path, deadline: float) -> str | None:
    """Turns of delivery until nothing waits; returns the last trouble."""
    clock = SystemClock()

    def connect() -> Transport:
        transport = command.connect()
        if transport is None:
            _stop("no address to deliver to: set LITERAL_API_URL and LITERAL_API_KEY")
        return transport

    rng = random.Random()  # noqa: S311  # jitter is no secret
    delivery = Delivery(folder, connect, command.monitor, losses=Losses(folder, clock), clock=clock, rng=rng)
    try:
        while time.monotonic() < deadline and bytes_waiting(folder):
            if pause := delivery.turn():
                time.sleep(min(pause, DRAIN_POLL_SECONDS))
    finally:
        delivery.close()
    return delivery.counters.last_error


def export(command: Command) -> int:
    """What waits, or what is buried, as one JSON object per line; nothing is removed."""
    for folder in command.folders():
        if command.asked.buried:
            lines = (_buried(one) for one in Graveyard(folder).all())
        else:
            lines = (_record(one) for one in waiting_records(folder))
        for line in lines:
            sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
    return 0


def doctor(command: Command) -> int:
    """Check disk, settings, backlog and server."""
    reachable = command.connect()
    findings = examine(command.folders()[0], command.monitor, reachable)
    marks = {True: "ok   ", False: "WRONG", None: "     "}
    text = "\n".join(f"{marks[one.ok]} {one.about:<10} {one.says}" for one in findings)
    command.say([asdict(one) for one in findings], text)
    return 1 if any(one.ok is False for one in findings) else 0


COMMANDS = (status, buried, retry, drain, export, doctor)


def _told(contents: Contents, now: float) -> dict[str, Any]:
    oldest = contents.oldest_put_at
    return {
        **asdict(contents),
        "folder": str(contents.folder),
        "oldest_put_at": None if oldest is None else iso(oldest),
        "oldest_seconds": 0.0 if oldest is None else round(max(0.0, now - oldest), 3),
    }


def _status_text(contents: Contents, now: float) -> str:
    if not contents.exists:
        return f"{contents.folder}: no outbox yet"
    oldest = contents.oldest_put_at
    lines = [
        f"{contents.folder}: {'a' if contents.delivering else 'no'} process delivers",
        f"  waiting      {contents.queued_steps} ({contents.queued_bytes:,} bytes in {contents.segments} files)",
        f"  oldest       {'-' if oldest is None else f'{max(0.0, now - oldest):.1f} s'}",
        f"  buried       {contents.buried}",
        f"  quarantined  {contents.quarantined_bytes:,} bytes",
        *(f"  lost         {number}: {reason}" for reason, number in contents.lost.items()),
    ]
    return "\n".join(lines)


def _record(record: Record) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "environment": record.environment,
        "put_at": iso(record.put_at / 1_000_000),
        "content": orjson.Fragment(record.content),
    }


def _buried(one: Buried) -> dict[str, Any]:
    return {"buried_at": one.buried_at, "reason": one.reason, "id": one.record.identity(), **_record(one.record)}


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="answer in JSON")
    common.add_argument("--folder", type=Path, help="the outbox; else OUTBOX_DIR, else all in DATA_DIR")
    common.add_argument("--url", help="the Literal API; else LITERAL_API_URL, else the service of this DATA_DIR")
    parser = argparse.ArgumentParser(prog="python -m monitor", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    made = {run: commands.add_parser(run.__name__, parents=[common], help=run.__doc__) for run in COMMANDS}
    for run, one in made.items():
        one.set_defaults(run=run)
    made[retry].add_argument("ids", nargs="*", help="ids of steps or threads; none: all")
    made[drain].add_argument("--seconds", type=float, default=60.0, help="how long at most (60)")
    made[export].add_argument("--buried", action="store_true", help="the buried instead of what waits")
    return parser


def _stop(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
