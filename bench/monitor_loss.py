"""Whether a step of an answered request is ever lost: `python -m bench.monitor_loss`; ends with 1 when one was.

Real processes and real HTTP: the agent server, a model provider, and what takes the steps, which is made to fail. A
request counts as answered when the last byte of a 200 arrived; its seven steps must then be stored, each once.

    down, hanging, 500s, slow   what takes the steps is so for the whole run, then works
    killed                      kill -9 of the agent server at random moments; our review server takes the steps
    restart                     many steps wait when the agent server starts; our review server takes them
    disk full                   no room for steps while requests run, then there is
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.full_disk import small_disk
from bench.monitor import STEPS_PER_REQUEST, ask, free_port, load, process, stats
from bench.monitor_parties import Agent, Agents, Review, review, sink

NO_PROGRESS_SECONDS = 30
LONGEST_LIFE_SECONDS = 1.0
CONCURRENCY_UNTIL_KILLED = 4
OUTAGES = {"down": "closed", "hanging": "hang", "500s": "500", "slow": "slow"}


@dataclass(frozen=True)
class Scale:
    """How much of each."""

    requests: int
    kills: int
    backlog_steps: int


WHOLE = Scale(requests=1_200, kills=100, backlog_steps=100_000)
QUICK = Scale(requests=200, kills=5, backlog_steps=7_000)


@dataclass(frozen=True)
class Row:
    """What became of the steps of the answered requests. `twice`: stored beside themselves, not merged."""

    scenario: str
    answered: int
    stored: int
    twice: int = 0
    sent_again: int | None = None
    note: str = ""

    @property
    def due(self) -> int:
        """Steps that had to be there."""
        return self.answered * STEPS_PER_REQUEST

    @property
    def lost(self) -> int:
        """Steps that are not there."""
        return self.due - self.stored

    def __str__(self) -> str:
        """A line of the table."""
        again = "-" if self.sent_again is None else self.sent_again
        return (
            f"{self.scenario:<10}{self.answered:>9}{self.due:>9}{self.stored:>9}{self.lost:>6}{self.twice:>7}"
            f"{again:>12}  {self.note}"
        )


HEADING = f"{'scenario':<10}{'answered':>9}{'steps':>9}{'stored':>9}{'lost':>6}{'twice':>7}{'sent again':>12}"

Stored = Callable[[Sequence[str]], Mapping[str, int]]


def row(scenario: str, answered: Sequence[str], stored: Stored, note: str = "") -> Row:
    """Wait until the steps of these threads are all stored, or no more come."""
    last, since = -1, time.monotonic()
    while True:
        found = stored(answered)
        count = sum(min(found.get(thread_id, 0), STEPS_PER_REQUEST) for thread_id in answered)
        if count != last:
            last, since = count, time.monotonic()
        if count == len(answered) * STEPS_PER_REQUEST or time.monotonic() - since > NO_PROGRESS_SECONDS:
            twice = sum(found.get(thread_id, 0) for thread_id in answered) - count
            return Row(scenario, len(answered), count, twice, note=note)
        time.sleep(0.25)


# ---- asking ---------------------------------------------------------------------------------------------------------


def asked(agent: Agent, requests: int, prefix: str) -> list[str]:
    """Ask so often; the threads that were answered.

    Raises:
        RuntimeError: a request failed, which none may.
    """
    _, _, failed = asyncio.run(load(agent.port, requests, prefix))
    if failed:
        raise RuntimeError(f"{failed} of {requests} requests failed")
    return [f"{prefix}-{number}" for number in range(requests)]


async def asked_until_killed(agent: Agent, prefix: str, seconds: float) -> list[str]:
    """Ask until the server is killed, so many seconds from now; the threads that were answered."""
    answered: list[str] = []

    async def worker(number: int) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
            for request in range(1_000_000):
                thread_id = f"{prefix}-{number}-{request}"
                if await ask(reader, writer, thread_id):
                    answered.append(thread_id)

    async def killer() -> None:
        await asyncio.sleep(seconds)
        os.kill(agent.process.pid, signal.SIGKILL)

    await asyncio.gather(killer(), *(worker(number) for number in range(CONCURRENCY_UNTIL_KILLED)))
    return answered


# ---- the scenarios --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """What the scenarios share."""

    folder: Path
    provider_port: int
    scale: Scale

    def agents(self, steps_port: int) -> Agents:
        """Agent servers that deliver to this port."""
        return Agents(self.folder, self.provider_port, steps_port)


def outage(bench: Bench, scenario: str) -> Row:
    """What takes the steps fails from before the first request until after the last."""
    with sink() as taker, bench.agents(taker.port).serve() as agent:
        taker.behave(OUTAGES[scenario])
        answered = asked(agent, bench.scale.requests, scenario)
        taker.behave("ok")
        return replace(row(scenario, answered, taker.stored), sent_again=taker.sent_again())


def killed(bench: Bench, scenario: str) -> Row:
    """Kill the server that is asked; the next one is being started meanwhile."""
    rng = random.Random(scenario)
    answered: list[str] = []
    with review(bench.folder, free_port()) as taker, ExitStack() as running, ThreadPoolExecutor() as threads:
        agents = bench.agents(taker.port)
        agent = running.enter_context(agents.serve())
        for number in range(bench.scale.kills):
            seconds = rng.uniform(0, LONGEST_LIFE_SECONDS)
            life = threads.submit(asyncio.run, asked_until_killed(agent, f"{scenario}-{number}", seconds))
            agent = running.enter_context(agents.serve())
            answered += life.result()
        return row(scenario, answered, taker.stored, note=f"{bench.scale.kills} kills")


def restart(bench: Bench, scenario: str) -> Row:
    """Nobody takes the steps until the agent server is stopped and started again. Notes how fast they drain."""
    steps_port = free_port()
    agents = bench.agents(steps_port)
    with agents.serve() as agent:
        answered = asked(agent, -(-bench.scale.backlog_steps // STEPS_PER_REQUEST), scenario)
    with review(bench.folder, steps_port) as taker, agents.serve():
        due = len(answered) * STEPS_PER_REQUEST
        stored, rate = drained(taker, due)
        return Row(
            scenario, len(answered), min(stored, due), max(0, stored - due), note=f"drained at {rate:,.0f} steps/s"
        )


def drained(taker: Review, due: int) -> tuple[int, float]:
    """Steps that are stored in the end, and how many a second came from when the first were seen."""
    first: tuple[float, int] | None = None
    last, since = 0, time.monotonic()
    while True:
        stored, now = taker.total(), time.monotonic()
        if stored != last:
            last, since = stored, now
            first = first or (now, stored)
        if stored >= due or now - since > NO_PROGRESS_SECONDS:
            begun, before = first or (now, 0)
            return stored, (stored - before) / (since - begun) if since > begun else 0.0
        time.sleep(0.1)


def disk_full(bench: Bench, scenario: str) -> Row:
    """No room for steps, and nobody to take them, while requests run."""
    with small_disk(bench.folder / "disk") as disk, sink() as taker:
        taker.behave("closed")
        with bench.agents(taker.port).serve(OUTBOX_DIR=str(disk.folder / "outbox")) as agent:
            before = asked(agent, bench.scale.requests // 10, "before")
            disk.fill(agent.process.pid)
            during = asked(agent, bench.scale.requests, "during")
            in_memory = stats(agent.port)["in_memory"]
            disk.free(agent.process.pid)
            after = asked(agent, bench.scale.requests // 10, "after")
            taker.behave("ok")
            note = f"{disk.how}; {in_memory} steps waited in memory"
            told = row(scenario, [*before, *during, *after], taker.stored, note)
            return replace(told, sent_again=taker.sent_again())


SCENARIOS = {**dict.fromkeys(OUTAGES, outage), "killed": killed, "restart": restart, "disk full": disk_full}


def main() -> int:
    """Run the scenarios and print a row for each; 1 when a step was lost or stored twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {WHOLE}")
    parser.add_argument("scenarios", nargs="*", help=f"which; default: all of {', '.join(SCENARIOS)}")
    given = parser.parse_args()
    if unknown := set(given.scenarios) - SCENARIOS.keys():
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    port = free_port()
    print(HEADING, flush=True)
    rows: list[Row] = []
    with process("bench.monitor_peers", "provider", str(port), port=port):
        for name in given.scenarios or SCENARIOS:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(SCENARIOS[name](Bench(Path(folder), port, QUICK if given.quick else WHOLE), name))
            print(rows[-1], flush=True)
    return 1 if any(one.lost or one.twice for one in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
