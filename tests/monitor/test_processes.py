"""Several processes on one outbox, and disks that really are full."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.segments import segments

ROOT = Path(__file__).parents[2]

WORKER = """
import sys
from pathlib import Path
import orjson
from monitor.pipeline import Pipeline
from monitor.records import Kind
from settings import MonitorSettings

folder, url, name = sys.argv[1:]
settings = MonitorSettings(outbox_segment_bytes=20_000, delivery_poll_seconds=0.005)
pipeline = Pipeline(settings, folder=Path(folder), url=url, api_key="key")
for number in range(300):
    pipeline.put(Kind.STEP, orjson.dumps({"id": f"{name}-{number}", "threadId": name, "name": "x" * 200}), None)
    if number % 10 == 0:
        assert pipeline.written_sync(30)
assert pipeline.written_sync(30)
pipeline.close(20)
print(pipeline.status().delivered)
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
import orjson
from monitor.outbox import Outbox
from monitor.records import Kind
from settings import MonitorSettings

class Clock:
    now = 0.0
    def seconds(self): return self.now
    def wall(self): return 1_763_672_000 + self.now

clock = Clock()
outbox = Outbox(Path(sys.argv[1]), MonitorSettings(), clock=clock)
outbox._ensure_thread = lambda: None
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
answers = []
for number in range(100):
    if number == 30:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    if number == 80:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    clock.now += 2
    outbox.put(Kind.STEP, orjson.dumps({"id": str(number), "name": "x" * 150}))
    outbox.write_pending()
    answers.append(outbox.in_memory()[0] == 0)
outbox._end_segment()
import json; print(json.dumps([answers, outbox.losses.by_reason()]))
"""


def test_workers_deliver_each_step_once_and_in_order(literal_api: Any, folder: Path, bench: Callable) -> None:
    arguments = [sys.executable, "-c", WORKER, str(folder), literal_api.url]
    workers = [subprocess.Popen([*arguments, name], cwd=ROOT, stdout=subprocess.PIPE) for name in "abc"]
    delivered = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    rest = bench(literal_api.url).delivery()  # the last to stop may have left what it could not see
    rest.turn()
    assert len(literal_api.steps) == 900
    assert literal_api.order == list(dict.fromkeys(literal_api.order)), "nothing was sent twice"
    assert sum(delivered) + rest.counters.delivered == 900
    for name in "abc":
        own = [one for one in literal_api.order if one.startswith(name)]
        assert own == [f"{name}-{number}" for number in range(300)]


def test_a_disk_that_fills_up_and_is_freed_loses_nothing(folder: Path, literal_api: Any, bench: Callable) -> None:
    """The kernel refuses to let the segment grow, half-way through a line; later it lets it."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    answers, lost = json.loads(done.stdout.splitlines()[-1])
    assert lost == {}
    assert not all(answers)
    assert answers[-1]
    delivery = bench(literal_api.url).delivery()
    while delivery.turn() == 0:
        pass
    assert literal_api.order == [str(number) for number in range(100)]
    assert delivery.counters.buried == 0
    delivery._backlog.refresh()
    assert segments(folder) == []
    assert not (folder / "quarantine").exists()


FORKING = """
import os, sys
from pathlib import Path
import orjson
from monitor.pipeline import Pipeline
from monitor.records import Kind
from settings import MonitorSettings

settings = MonitorSettings(delivery_poll_seconds=0.005)
pipeline = Pipeline(settings, folder=Path(sys.argv[1]), url=sys.argv[2], api_key="key")
pipeline.put(Kind.STEP, b'{"id":"before"}', None)
assert pipeline.written_sync(10)
children = []
for name in ("one", "two"):
    if (child := os.fork()) == 0:
        pipeline.put(Kind.STEP, orjson.dumps({"id": name}), None)
        ok = pipeline.written_sync(10)
        pipeline.close(0.2)
        os._exit(0 if ok else 1)
    children.append(child)
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
pipeline.put(Kind.STEP, b'{"id":"after"}', None)
assert pipeline.flush(20)
pipeline.close(5)
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forked_workers_lose_nothing_and_keep_their_parents_connection(literal_api: Any, folder: Path) -> None:
    command = [sys.executable, "-c", FORKING, str(folder), literal_api.url]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    assert sorted(literal_api.order) == ["after", "before", "one", "two"]
