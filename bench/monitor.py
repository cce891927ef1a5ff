"""What monitoring costs a request, and what is lost when the server of the steps fails: `python -m bench.monitor`.

The same agent loop, provider, load and machine; every measurement in a fresh process, the variants in turns, so that
what else the machine does hits all of them. Ratios are to variant (a) of the same round; the table shows medians.

    a  no monitoring              e  ours, the server accepts and never answers
    b  stock literalai            f  ours, the server answers 500
    c  ours, live review server   g  ours, the server takes 500 ms
    d  ours, connection refused

A request makes 7 steps. After the load the server is healed; every step of every answered request must then be there.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parent.parent
KEY = "bench-key"
STEPS_PER_REQUEST = 7
CONCURRENCY = 16
VARIANTS = {"a": "none", "b": "stock", "c": "ours", "d": "ours", "e": "ours", "f": "ours", "g": "ours"}
MODES = {"d": "closed", "e": "hang", "f": "500", "g": "slow"}
NAMES = {
    "a": "no monitoring",
    "b": "stock literalai",
    "c": "ours, live review",
    "d": "ours, refused",
    "e": "ours, hanging",
    "f": "ours, 500",
    "g": "ours, slow 500 ms",
}


@dataclass
class Measure:
    """One variant in one round."""

    rate: float
    p50: float
    p99: float
    stall: float
    cpu_us: float
    rss_growth: int
    failed: int
    answered: int
    stored: int | None = None
    repeated: int = 0
    drain_rate: float | None = None
    lost: dict[str, int] = field(default_factory=dict)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def process(*arguments: str, port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child that listens on `port`, until the block is left."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR"}}
    child = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, env=clean | environment)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if child.poll() is not None:
                raise RuntimeError(f"{arguments[0]} ended with {child.returncode}")
            time.sleep(0.05)
        yield child
    finally:
        child.terminate()
        child.wait(60)


def stats(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/bench/stats", timeout=120) as answer:
        return orjson.loads(answer.read())


def control(port: int, word: str) -> dict[str, Any]:
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(f"{word}\n".encode())
        return orjson.loads(peer.makefile("rb").readline())


def stored_in_review(port: int) -> int:
    """Steps the review server has, asked over its API."""
    body = orjson.dumps({"query": "query { steps(first: 1) { totalCount } }", "variables": {}})
    headers = {"content-type": "application/json", "x-api-key": KEY}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return orjson.loads(answer.read())["data"]["steps"]["totalCount"]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, thread_id: str) -> bool:
    """One request on a connection that is open; whether it was answered with 200, to the last byte."""
    history = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "what is six times seven, and one and one?"},
    ]
    body = orjson.dumps({"message_history": history, "thread_id": thread_id})
    head = f"POST /process/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    writer.write(head.encode() + b"\r\n\r\n" + body)
    answer_head = await reader.readuntil(b"\r\n\r\n")
    length = int(answer_head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return answer_head.startswith(b"HTTP/1.1 200")


async def load(port: int, requests: int, prefix: str) -> tuple[float, list[float], int]:
    """Ask `requests` times over 16 connections: seconds in all, seconds of each, and how many failed."""
    numbers = iter(range(requests))
    latencies: list[float] = []
    failed = 0

    async def worker() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            started = time.perf_counter()
            failed += not await ask(reader, writer, f"{prefix}-{number}")
            latencies.append(time.perf_counter() - started)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return time.perf_counter() - started, sorted(latencies), failed


def measure(key: str, requests: int, warmup: int, folder: Path) -> Measure:
    """One variant, from a fresh process to the last step it delivered."""
    provider_port, service_port, steps_port, control_port = (free_port() for _ in range(4))
    live = key in "bc"
    review = ("review", "serve", "--host", "127.0.0.1", "--port", str(steps_port))
    sink = ("bench.monitor_peers", "sink", str(steps_port), str(control_port))
    with (
        process("bench.monitor_peers", "provider", str(provider_port), port=provider_port),
        process(
            *(review if live else sink), port=steps_port, DATA_DIR=str(folder / "review"), LITERAL_API_KEY=KEY
        ),
        process(
            "bench.monitor_service", VARIANTS[key], str(service_port),
            port=service_port, DATA_DIR=str(folder),
            LITERAL_API_URL=f"http://127.0.0.1:{steps_port}", LITERAL_API_KEY=KEY,
            OPENAI_API_KEY="k", OPENAI_BASE_URL=f"http://127.0.0.1:{provider_port}/v1", WEATHER_PROVIDER="sample",
        ),
    ):  # fmt: skip
        asyncio.run(load(service_port, warmup, "warm"))
        if key in MODES:
            control(control_port, MODES[key])
        time.sleep(1)
        before = stats(service_port)
        seconds, latencies, failed = asyncio.run(load(service_port, requests, "bench"))
        after = stats(service_port)
        measured = Measure(
            rate=requests / seconds,
            p50=latencies[len(latencies) // 2],
            p99=latencies[int(len(latencies) * 0.99)],
            stall=after["stall_seconds"],
            cpu_us=after["cpu_seconds"] / requests * 1e6,
            rss_growth=after["rss_bytes"] - before["rss_bytes"],
            failed=failed,
            answered=requests + warmup,
        )
        if key == "a":
            return measured
        if key in MODES:
            control(control_port, "ok")
        queued, healed = after["queued"], time.monotonic()
        measured.stored = wait_for_steps(key, measured.answered * STEPS_PER_REQUEST, steps_port, control_port)
        drained = stats(service_port)
        measured.lost = drained["lost"]
        measured.cpu_us += drained["cpu_seconds"] / requests * 1e6
        if key in MODES:
            measured.repeated = control(control_port, "count")["repeated"]
            measured.drain_rate = queued * STEPS_PER_REQUEST / 8 / (time.monotonic() - healed)
        return measured


def wait_for_steps(key: str, expected: int, steps_port: int, control_port: int) -> int:
    """How many steps arrived, once it is all of them or for 20 s nothing more came."""
    last, since = -1, time.monotonic()
    while True:
        now = control(control_port, "count")["steps"] if key in MODES else stored_in_review(steps_port)
        if now >= expected:
            return now
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > (20 if key != "b" else 8):
            return now
        time.sleep(0.1)


def table(rounds: list[dict[str, Measure]]) -> None:
    """Medians over the rounds; ratios are made within a round before the median is taken."""
    print(
        f"{'variant':<20}{'req/s':>8}{'ratio':>7}{'p50 ms':>8}{'p99 ms':>8}{'ratio':>7}{'stall ms':>10}"
        f"{'CPU us':>8}{'+us':>8}{'RSS MB':>8}{'failed':>8}"
        f"{'sent':>8}{'stored':>8}{'lost':>6}{'twice':>7}{'drain/s':>9}"
    )
    for key in rounds[0]:
        runs = [one[key] for one in rounds]
        base = [one["a"] for one in rounds]

        def median(values: list[float]) -> float:
            return statistics.median(values)

        pairs = list(zip(runs, base, strict=True))
        sent = sum(run.answered * STEPS_PER_REQUEST for run in runs)
        stored = sum(run.stored or 0 for run in runs)
        drains = [run.drain_rate for run in runs if run.drain_rate]
        kept = f"{sent:>8}{stored:>8}{sent - stored:>6}{sum(run.repeated for run in runs):>7}" if key != "a" else ""
        print(
            f"{key + '  ' + NAMES[key]:<20}{median([r.rate for r in runs]):>8.0f}"
            f"{median([r.rate / b.rate for r, b in pairs]):>7.3f}{median([r.p50 for r in runs]) * 1e3:>8.1f}"
            f"{median([r.p99 for r in runs]) * 1e3:>8.1f}{median([r.p99 / b.p99 for r, b in pairs]):>7.2f}"
            f"{median([r.stall for r in runs]) * 1e3:>10.1f}{median([r.cpu_us for r in runs]):>8.0f}"
            f"{median([r.cpu_us - b.cpu_us for r, b in pairs]):>8.0f}"
            f"{median([r.rss_growth for r in runs]) / 1e6:>8.1f}{sum(r.failed for r in runs):>8}{kept}"
            f"{median(drains) if drains else 0:>9.0f}"
        )
        if lost := {reason: number for run in runs for reason, number in run.lost.items()}:
            print(f"   said to be lost: {lost}")


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=3000, help="per variant and round (b: a twentieth)")
    parser.add_argument("--variants", default="abcdefg")
    asked = parser.parse_args()
    rounds: list[dict[str, Measure]] = []
    for number in range(asked.rounds):
        done: dict[str, Measure] = {}
        for key in asked.variants:
            requests = asked.requests // 20 if key == "b" else asked.requests
            with tempfile.TemporaryDirectory() as folder:
                done[key] = measure(key, requests, 32 if key == "b" else 200, Path(folder))
            print(f"round {number + 1} {key}: {done[key]}", file=sys.stderr)
        rounds.append(done)
    table(rounds)


if __name__ == "__main__":
    main()
