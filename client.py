"""Replays scripted conversations against a running server, shows them, and checks what the scripts expect.

    python client.py                                        all scripts of conversations/
    python client.py my.yaml --repeat 20 --concurrency 5
    python client.py --json | jq -r .review_url

Exit code: 0 all as expected; 1 a request failed or an expectation was not met; 2 nothing could be replayed (a wrong
file, no server); 130 Ctrl-C. docs/conversations.md tells what scripts, `--json` and transcripts look like.
"""

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn, TextIO
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import settings
from replay.connection import Connection, UnreachableError, is_loopback
from replay.conversation import Conversation, hold
from replay.screen import Screen, harmless
from replay.scripts import Script, ScriptError, find_scripts, read_script

DEFAULT_SCRIPTS = Path(__file__).parent / "conversations"


class UsageError(Exception):
    """What was asked for can't be done. The message is one line."""


@dataclass(frozen=True)
class Job:
    """One conversation to hold, the number-th of total."""

    number: int
    total: int
    script: Script
    conversation: Conversation


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Replay scripted conversations against a running server.")
    parser.add_argument("scripts", nargs="*", type=Path, help="files or folders (default: conversations/)")
    parser.add_argument("--url", help="the server (default: from HOST and PORT)")
    parser.add_argument(
        "--thread-id", help="id of the thread (default: a new one); several conversations get ID-1, ID-2, …"
    )
    parser.add_argument("--repeat", type=_positive, default=1, metavar="N", help="replay all N times")
    parser.add_argument("--concurrency", type=_positive, default=1, metavar="N", help="hold N conversations at once")
    parser.add_argument("--timeout", type=_positive, default=300, metavar="SECONDS", help="limit of a turn (300)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON per conversation, nothing else")
    parser.add_argument("--no-check", action="store_true", help="ignore what the scripts expect")
    parser.add_argument("--transcript", type=Path, metavar="FILE.jsonl", help="write the --json lines to a file too")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def plan(options: argparse.Namespace) -> list[Job]:
    """Every conversation to hold, in the order in which they are shown."""
    files = find_scripts(options.scripts or [_from_here(DEFAULT_SCRIPTS)]) * options.repeat
    scripts = {file: read_script(file) for file in dict.fromkeys(files)}
    jobs: list[Job] = []
    for number, file in enumerate(files, start=1):
        script = scripts[file]
        if options.no_check:
            script = script.without_expectations()
        thread_id = options.thread_id or str(uuid.uuid4())
        if options.thread_id and len(files) > 1:
            thread_id = f"{thread_id}-{number}"
        jobs.append(Job(number, len(files), script, Conversation(script.name, str(file), thread_id)))
    return jobs


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def replay_all(options: argparse.Namespace) -> int:
    """Holds all conversations, shows each whole and in order, and says whether all went as expected: 0 or 1."""
    known = settings.load()
    jobs = plan(options)
    url = options.url or server_url(known.server)
    coloured = sys.stdout.isatty() and not known.client.no_color

    def held(job: Job, say: Callable[[str], None]) -> None:
        screen = Screen(say, coloured=coloured)
        screen.heading(job.conversation, job.number, job.total)
        with Connection(url, timeout=options.timeout) as connection:
            hold(job.script, job.conversation, connection, screen)
        say("")

    with Connection(url, timeout=options.timeout) as connection:
        connection.check()
    with ExitStack() as stack:
        transcript = stack.enter_context(_opened(options.transcript)) if options.transcript else None
        for job in _in_order(jobs, held, concurrency=options.concurrency, quiet=options.json):
            line = job.conversation.as_json()
            if options.json:
                _say(line)
                _progress(job)
            if transcript:
                print(line, file=transcript, flush=True)
    conversations = [job.conversation for job in jobs]
    if not options.json:
        print_summary(conversations, checked=not options.no_check, token=admin_token(known))
    return 0 if all(conversation.ok for conversation in conversations) else 1


def _in_order(
    jobs: list[Job], held: Callable[[Job, Callable[[str], None]], None], *, concurrency: int, quiet: bool
) -> Iterator[Job]:
    """Each job when it is done. A single conversation is shown while it is held, several at once only when whole."""
    if concurrency == 1:
        for job in jobs:
            held(job, _silence if quiet else _say)
            yield job
        return

    def lines_of(job: Job) -> list[str]:
        lines: list[str] = []
        held(job, lines.append)
        return lines

    # No `with`: at Ctrl-C that would wait for the turns that are running.
    pool = ThreadPoolExecutor(concurrency)
    for job, lines in zip(jobs, pool.map(lines_of, jobs), strict=True):
        if not quiet:
            _say("\n".join(lines))
        yield job


def _say(line: str) -> None:
    print(line, flush=True)


def _silence(_line: str) -> None:
    pass


def _progress(job: Job) -> None:
    if sys.stderr.isatty() and job.total > 1:
        end = "\n" if job.number == job.total else ""
        print(f"\r{job.number}/{job.total}", end=end, file=sys.stderr, flush=True)


def _opened(transcript: Path) -> TextIO:
    try:
        return transcript.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{transcript}: {error.strerror}") from None


def print_summary(conversations: list[Conversation], *, checked: bool, token: str | None) -> None:
    """How it went, and a review link per thread. Plain URLs: every terminal and every log makes them clickable."""
    failed = sum(not conversation.ok for conversation in conversations)
    turns = sum(len(conversation.turns) for conversation in conversations)
    went = "all as expected" if checked else "all answered"
    if failed:
        went = f"{_counted(failed, 'conversation')} FAILED"
    _say(f"{_counted(len(conversations), 'conversation')}, {_counted(turns, 'turn')}: {went}")
    for conversation in conversations:
        if conversation.review_url:
            mark = "" if conversation.ok else "FAILED  "
            _say(harmless(f"  {mark}{conversation.name}  {signed_in(conversation.review_url, token)}"))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def server_url(server: settings.ServerSettings) -> str:
    """Where a server with these settings is reached from this machine."""
    if server.port == 0:
        raise UsageError("PORT is 0, so the server took a free port: say which with --url")
    return server.local_url


def admin_token(known: settings.Settings) -> str | None:
    """The token that the server made on its first start. One that was set is known to its owner, and not printed."""
    if known.review.admin_token:
        return None
    try:
        return (known.server.data_dir / "admin-token").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def signed_in(review_url: str, token: str | None) -> str:
    """The link, made to open signed in when it leads to this machine; the token goes nowhere else."""
    if not token or not is_loopback(review_url):
        return review_url
    parts = urlsplit(review_url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), ("token", token)])))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and answers the exit code."""
    options = parse_arguments(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        # What a model writes must not end the program because the terminal can't show it.
        sys.stdout.reconfigure(errors="backslashreplace", encoding="utf-8" if options.json else None)
    try:
        return replay_all(options)
    except (UsageError, ScriptError, UnreachableError, settings.SettingsError) as error:
        print(f"client.py: {error}", file=sys.stderr)
        return 2


def _leave_at_once(code: int) -> NoReturn:
    # Threads that wait for an answer can't be interrupted, and a plain exit would wait for them.
    os._exit(code)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        _leave_at_once(130)
    except BrokenPipeError:  # `python client.py | head`
        _leave_at_once(141)
