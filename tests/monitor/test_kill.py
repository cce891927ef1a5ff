"""Killed processes: whatever an answer was given for is on disk, and arrives."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

SERVICE = """
import sys, threading
from pathlib import Path
import orjson
from monitor.pipeline import Pipeline
from monitor.records import Kind
from settings import MonitorSettings

folder, url, run = sys.argv[1:]
settings = MonitorSettings(outbox_segment_bytes=20_000, delivery_poll_seconds=0.005, delivery_backoff_max_seconds=0.05)
pipeline = Pipeline(settings, folder=Path(folder), url=url, api_key="key")
lock = threading.Lock()

def answer_requests(worker):
    for number in range(100_000):
        steps = [f"{run}-{worker}-{number}-{step}" for step in range(7)]
        for step in steps:
            pipeline.put(Kind.STEP, orjson.dumps({"id": step, "threadId": f"{run}-{worker}", "name": "x" * 300}), None)
        if pipeline.written_sync(30):
            with lock:
                print(*steps, flush=True)

for worker in "ab":
    threading.Thread(target=answer_requests, args=(worker,)).start()
"""


def serve_and_kill(folder: Path, url: str, run: int, rng: random.Random) -> list[str]:
    """Start the service, kill it after a random number of answers, and return the steps of every answer it gave."""
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(folder), url, str(run)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert service.stdout is not None
    answered = [service.stdout.readline() for _ in range(rng.randint(1, 150))]
    os.kill(service.pid, signal.SIGKILL)
    rest = service.stdout.read()
    service.wait()
    service.stdout.close()
    whole_lines = [*answered, *rest.splitlines(keepends=True)]
    return [step for line in whole_lines if line.endswith(b"\n") for step in line.decode().split()]


@pytest.mark.parametrize("behaviour", ["ok", "500", "hang"])
def test_what_was_written_survives_a_killed_process(
    bench: Callable, literal_api: Any, folder: Path, behaviour: str
) -> None:
    rng = random.Random(behaviour)
    literal_api.behaviour = behaviour
    answered: list[str] = []
    for run in range(4):
        answered += serve_and_kill(folder, literal_api.url, run, rng)
    literal_api.behaviour = "ok"
    delivery = bench(literal_api.url).delivery()
    while delivery.turn() == 0:
        pass
    assert len(answered) > 100
    missing = set(answered) - literal_api.steps.keys()
    assert not missing
    for thread in {step.rsplit("-", 2)[0] for step in answered}:
        first_seen = list(dict.fromkeys(one for one in literal_api.order if one.startswith(f"{thread}-")))
        in_order = sorted(first_seen, key=lambda one: [int(part) for part in one.split("-")[2:]])
        assert first_seen == in_order, "one thread's steps arrive in the order they were put"
