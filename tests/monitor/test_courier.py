"""Delivery by a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import until

from monitor import forks
from monitor.courier import Courier, Orders, added
from monitor.figures import Figures
from monitor.forks import begin_anew_in_children
from monitor.pipeline import Pipeline
from monitor.records import Kind
from settings import MonitorSettings

ROOT = Path(__file__).parents[2]

# Records one step for each line it reads, and tells when it is on disk.
SERVICE = """
import sys
from pathlib import Path
from monitor.pipeline import Pipeline
from monitor.records import Kind
from settings import MonitorSettings
folder, url = sys.argv[1:]
pipeline = Pipeline(MonitorSettings(delivery_process=True), folder=Path(folder), url=url, api_key="key")
for line in sys.stdin:
    pipeline.put(Kind.STEP, b'{"id":"%b"}' % line.strip().encode(), None)
    print(pipeline.written_sync(10), flush=True)
"""


def step(name: str) -> bytes:
    return b'{"id":"%b","name":"x"}' % name.encode()


def pid_of(pipeline: Pipeline) -> int:
    """The courier's, once it has told its figures."""
    assert until(lambda: pipeline.status().delivering)
    return pipeline._deliverer._process.pid


@pytest.fixture
def pipeline(folder: Path, literal_api) -> Iterator[Pipeline]:
    settings = MonitorSettings(delivery_process=True, delivery_poll_seconds=0.01, delivery_backoff_seconds=0.01)
    made = Pipeline(settings, folder=folder, url=literal_api.url, api_key="the-api-key")
    yield made
    made.close(5)


def test_what_is_put_arrives_and_is_counted_here(pipeline: Pipeline, literal_api) -> None:
    for number in range(20):
        pipeline.put(Kind.STEP, step(f"s{number}"), None)
    assert pipeline.flush(20)
    assert literal_api.steps.keys() == {f"s{number}" for number in range(20)}
    assert until(lambda: pipeline.status().delivered == 20)
    assert pipeline.status().queued_steps == 0
    assert pipeline.status().latency.count == 20


def test_a_stop_delivers_the_rest_and_ends_the_courier(pipeline: Pipeline, literal_api) -> None:
    pid = None
    pipeline.put(Kind.STEP, step("first"), None)
    pid = pid_of(pipeline)
    pipeline.put(Kind.STEP, step("last"), None)
    pipeline.close(10)
    assert "last" in literal_api.steps
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_courier_that_dies_is_started_again_and_nothing_is_lost(pipeline: Pipeline, literal_api) -> None:
    pipeline.put(Kind.STEP, step("before"), None)
    assert pipeline.flush(20)
    assert until(lambda: pipeline.status().delivered == 1)
    pid = pid_of(pipeline)
    os.kill(pid, signal.SIGKILL)
    pipeline.put(Kind.STEP, step("after"), None)
    assert until(lambda: "after" in literal_api.steps)
    assert until(lambda: pipeline.status().delivered == 2)
    assert pid_of(pipeline) != pid


def test_the_key_is_in_no_command_line(pipeline: Pipeline) -> None:
    pipeline.put(Kind.STEP, step("s"), None)
    pid = pid_of(pipeline)
    told = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    assert b"the-api-key" not in told


def test_a_courier_ends_with_a_killed_service_and_the_next_one_goes_on(folder: Path, literal_api) -> None:
    def service() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SERVICE, str(folder), literal_api.url],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    literal_api.behaviour = "500"
    with service() as first:
        first.stdin.write("kept\n")
        first.stdin.flush()
        assert first.stdout.readline() == "True\n"
        first.kill()
    literal_api.behaviour = "ok"
    with service() as second:
        second.stdin.write("new\n")
        second.stdin.flush()
        assert second.stdout.readline() == "True\n"
        assert until(lambda: {"kept", "new"} <= literal_api.steps.keys())
        second.stdin.close()


def test_what_waits_is_left_to_the_next_start_when_the_server_is_down(folder: Path, literal_api) -> None:
    literal_api.behaviour = "500"
    settings = MonitorSettings(delivery_process=True, delivery_poll_seconds=0.01)
    first = Pipeline(settings, folder=folder, url=literal_api.url, api_key="key")
    first.put(Kind.STEP, step("s"), None)
    assert until(lambda: first.status().last_error)
    first.close(0.2)
    literal_api.behaviour = "ok"
    second = Pipeline(settings, folder=folder, url=literal_api.url, api_key="key")
    assert second.flush(20)
    second.close(1)
    assert "s" in literal_api.steps


def test_a_forked_child_does_not_keep_the_courier_from_seeing_the_end(folder: Path) -> None:
    courier = Courier(Orders.of(folder, "http://127.0.0.1:9", "key", MonitorSettings()))
    courier.start()
    assert until(lambda: courier._process is not None)
    process = courier._process
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:  # pragma: no cover  # the child is not measured
        os.read(reading, 1)
        os._exit(0)
    courier.stop(0)
    assert process.poll() is not None
    os.write(writing, b"x")
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)


def test_a_stopped_courier_does_not_disturb_a_fork(folder: Path) -> None:
    courier = Courier(Orders.of(folder, "http://127.0.0.1:9", "key", MonitorSettings()))
    courier.start()
    assert until(lambda: courier._process is not None)
    courier.stop(0)
    courier.begin_in_child()
    assert courier._process is None


def test_one_thing_that_fails_after_a_fork_does_not_keep_the_others_from_beginning_anew() -> None:
    class Thing:
        def __init__(self, *, fails: bool) -> None:
            self.fails = fails
            self.begun = False
            begin_anew_in_children(self)

        def begin_in_child(self) -> None:
            self.begun = True
            if self.fails:
                raise ValueError

    things = [Thing(fails=True) for _ in range(5)] + [Thing(fails=False) for _ in range(5)]
    forks._begin()
    assert all(thing.begun for thing in things)


def test_figures_survive_the_way_between_processes() -> None:
    figures = Figures(delivering=True, delivered=3, latency_sum=1.5, lost={"too old": 1}, last_error="x")
    assert Figures.from_line(figures.to_line()) == figures


def test_what_two_couriers_counted_is_added_and_what_waits_is_seen_by_the_later_one() -> None:
    one = Figures(waiting_records=9, delivered=3, lost={"too old": 1}, last_error="x")
    two = Figures(delivering=True, waiting_records=2, delivered=4, lost={"too old": 2})
    both = added(one, two)
    assert (both.delivered, both.waiting_records, both.lost, both.last_error) == (7, 2, {"too old": 3}, "x")
    assert both.delivering
