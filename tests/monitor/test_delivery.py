"""Delivery against a real server that misbehaves; every turn is taken by hand, time is an argument."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from monitor.breaker import State
from monitor.buried import Graveyard
from monitor.delivery import REFRESH_SECONDS, REFUSALS_IN_A_ROW, Delivery
from monitor.records import Kind
from monitor.segments import segments


def deliver_all(delivery: Delivery) -> None:
    for _ in range(10_000):
        if delivery.turn():
            return
    raise AssertionError("delivery never rests")


def numbered(count: int) -> list[str]:
    return [f"s{number:04d}" for number in range(count)]


def test_the_first_step_of_a_fresh_installation_is_looked_for_as_often_as_any_other(
    bench: Callable, literal_api: Any
) -> None:
    b = bench(literal_api.url)
    delivery = b.delivery()
    assert delivery.turn() == b.settings.delivery_poll_seconds
    assert not b.folder.exists(), "looking makes nothing"
    b.put(b.outbox(), "first")
    delivery.turn()
    assert "first" in literal_api.steps


def test_who_waits_for_another_process_to_let_go_looks_less_often(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url)
    b.put(b.outbox(), "first")
    b.delivery().turn()
    assert b.delivery().turn() == REFRESH_SECONDS


def test_steps_and_threads_arrive_as_they_were_put(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url)
    outbox = b.outbox()
    outbox.put(Kind.STEP, b'{"id":"s1","threadId":"t1","type":"run","input":{"a":[1,null]},"tags":["x"]}', "dev")
    outbox.put(Kind.THREAD, b'{"id":"t1","name":"first","metadata":{"k":1},"tags":["y"],"participantId":"p"}', "dev")
    b.put(outbox)
    delivery = b.delivery()
    deliver_all(delivery)
    assert literal_api.steps["s1"] == {
        "id": "s1", "threadId": "t1", "type": "run", "input": {"a": [1, None]}, "tags": ["x"],
    }  # fmt: skip
    assert literal_api.threads["t1"] == {
        "id": "t1", "name": "first", "metadata": {"k": 1}, "tags": ["y"], "participantId": "p",
    }  # fmt: skip
    assert literal_api.environments == {"s1": "dev", "t1": "dev"}
    headers = literal_api.headers[0]
    assert headers["x-api-key"] == "key"
    assert headers["x-client-name"] == "py-literal-client"
    assert headers["content-type"] == "application/json"
    assert delivery.counters.delivered == 2


def test_steps_travel_without_threads(bench: Callable, literal_api: Any) -> None:
    """A server that has a short way for batches of steps, as ours, takes a mixed document the long way."""
    b = bench(literal_api.url)
    outbox = b.outbox()
    for number in range(24):
        outbox.put(Kind.STEP, orjson.dumps({"id": f"s{number}", "threadId": f"t{number % 3}"}))
        outbox.put(Kind.THREAD, orjson.dumps({"id": f"t{number % 3}", "name": str(number)}))
    b.put(outbox)
    deliver_all(b.delivery())
    assert not [text for text in literal_api.documents if "ingestStep" in text and "upsertThread" in text]
    assert literal_api.threads == {f"t{number}": {"id": f"t{number}", "name": str(21 + number)} for number in range(3)}
    assert (len(literal_api.steps), literal_api.requests) == (24, 2)


def test_a_batch_holds_one_environment(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url)
    outbox = b.outbox()
    for number, environment in enumerate(["dev", None, "prod", "dev", "a b/ü*"]):
        outbox.put(Kind.STEP, orjson.dumps({"id": str(number)}), environment)
    b.put(outbox)
    deliver_all(b.delivery())
    assert {key: value for key, value in literal_api.environments.items() if key != "4"} == {
        "0": "dev", "1": None, "2": "prod", "3": "dev",
    }  # fmt: skip
    assert literal_api.requests == 4


def test_the_server_sees_few_documents(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url, delivery_steps=64)
    outbox = b.outbox()
    for count in range(1, 60):
        b.put(outbox, *[f"{count}-{number}" for number in range(count)])
        deliver_all_of = b.deliveries[0] if b.deliveries else b.delivery()
        deliver_all(deliver_all_of)
        b.clock.pass_(1)
    assert len(literal_api.steps) == 59 * 60 // 2
    assert len(set(literal_api.documents)) <= 16


def test_one_connection_is_kept(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url, delivery_steps=8)
    b.put(b.outbox(), *numbered(100))
    deliver_all(b.delivery())
    assert literal_api.requests == 13
    assert literal_api.connections == 1


def test_a_batch_is_bounded_by_bytes(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url, delivery_bytes=10_000)
    b.put(b.outbox(), *numbered(20), size=4_000)
    b.put(b.outboxes[0], "huge", size=50_000)
    deliver_all(b.delivery())
    assert len(literal_api.steps) == 21
    assert literal_api.requests == 11


def test_what_is_delivered_leaves_the_disk(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url, outbox_segment_bytes=4_096)
    outbox = b.outbox()
    for name in numbered(100):
        b.put(outbox, name, size=200)
    assert len(segments(b.folder)) > 3
    outbox._end_segment()
    delivery = b.delivery()
    deliver_all(delivery)
    b.clock.pass_(2)
    delivery.turn()
    assert segments(b.folder) == []
    assert sorted(path.name for path in b.folder.iterdir()) == ["delivery.lock"]


@pytest.mark.parametrize("trouble", ["500", "503", "401", "404", "html", "null", "half", "302"])
def test_trouble_that_passes_loses_nothing_and_buries_nothing(bench: Callable, literal_api: Any, trouble: str) -> None:
    b = bench(literal_api.url)
    b.put(b.outbox(), *numbered(30))
    delivery = b.delivery()
    literal_api.behaviour = trouble
    for _ in range(5):
        delivery.turn()
        b.clock.pass_(60)
    assert delivery.counters.delivered == 0
    assert delivery.counters.retried > 0
    assert delivery.breaker.state() is not State.CLOSED
    literal_api.behaviour = "ok"
    b.clock.pass_(60)
    deliver_all(delivery)
    assert sorted(literal_api.steps) == numbered(30)
    assert delivery.breaker.state() is State.CLOSED
    assert Graveyard(b.folder).all() == []


def test_a_server_that_is_not_there_costs_one_attempt_per_pause(bench: Callable) -> None:
    b = bench("http://127.0.0.1:1")
    b.put(b.outbox(), *numbered(30))
    delivery = b.delivery()
    for _ in range(3):
        delivery.turn()
        b.clock.pass_(30)
    delivery.turn()
    retried = delivery.counters.retried
    for _ in range(1000):
        assert delivery.turn() > 0
    assert delivery.counters.retried == retried
    assert delivery.breaker.state() is State.OPEN


def test_after_a_long_outage_a_small_batch_tries_first(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url)
    b.put(b.outbox(), *numbered(100))
    delivery = b.delivery()
    literal_api.behaviour = "500"
    for _ in range(4):
        delivery.turn()
        b.clock.pass_(60)
    literal_api.behaviour = "ok"
    delivery.turn()
    assert len(literal_api.steps) == 8


def test_retry_after_is_honoured(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url)
    b.put(b.outbox(), "a")
    delivery = b.delivery()
    literal_api.behaviour = "429"
    delivery.turn()
    assert delivery.breaker.wait() >= 7
    literal_api.behaviour = "ok"
    b.clock.pass_(6.9)
    delivery.turn()
    assert literal_api.requests == 1
    b.clock.pass_(1)
    delivery.turn()
    assert "a" in literal_api.steps


def test_a_step_refused_alone_does_not_hold_the_others(bench: Callable, literal_api: Any) -> None:
    literal_api.unwanted = {"s0003", "s0017"}
    b = bench(literal_api.url)
    b.put(b.outbox(), *numbered(32))
    delivery = b.delivery()
    deliver_all(delivery)
    assert literal_api.requests == 1
    assert sorted(literal_api.steps) == [name for name in numbered(32) if name not in literal_api.unwanted]
    assert [(one.record.identity(), one.reason) for one in Graveyard(b.folder).all()] == [
        ("s0003", "unwanted"),
        ("s0017", "unwanted"),
    ]
    assert (delivery.counters.delivered, delivery.counters.buried) == (30, 2)


def test_a_batch_refused_for_one_step_is_cut_until_that_step_is_alone(bench: Callable, literal_api: Any) -> None:
    literal_api.poison = {"s0009"}
    b = bench(literal_api.url)
    b.put(b.outbox(), *numbered(64))
    delivery = b.delivery()
    deliver_all(delivery)
    assert sorted(literal_api.steps) == [name for name in numbered(64) if name != "s0009"]
    assert literal_api.order == sorted(literal_api.order), "order is kept while a batch is cut"
    (buried,) = Graveyard(b.folder).all()
    assert "this one is poison" in buried.reason
    assert literal_api.requests <= 13


def test_a_server_that_refuses_everything_does_not_bury_the_backlog(bench: Callable, literal_api: Any) -> None:
    literal_api.behaviour = "400"
    b = bench(literal_api.url)
    b.put(b.outbox(), *numbered(500))
    delivery = b.delivery()
    for _ in range(10):
        delivery.turn()
    assert delivery.counters.buried == REFUSALS_IN_A_ROW
    assert delivery.breaker.wait() > 0
    literal_api.behaviour = "ok"
    b.clock.pass_(60)
    deliver_all(delivery)
    assert len(literal_api.steps) == 500 - REFUSALS_IN_A_ROW


def test_a_refused_step_that_can_not_be_put_aside_stays(
    bench: Callable, literal_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    literal_api.unwanted = {"bad"}
    b = bench(literal_api.url)
    b.put(b.outbox(), "good", "bad")
    delivery = b.delivery()
    with monkeypatch.context() as full:

        def no_space(fd: int) -> None:
            raise OSError(28, "No space left on device")

        full.setattr("monitor.buried.os.fsync", no_space)
        delivery.turn()
        assert delivery.counters.buried == 0
    assert Graveyard(b.folder).all() == []
    b.clock.pass_(60)
    deliver_all(delivery)
    assert [one.record.identity() for one in Graveyard(b.folder).all()] == ["bad"]


def test_a_restart_sends_what_an_earlier_process_left(bench: Callable, literal_api: Any) -> None:
    before = bench("http://127.0.0.1:1")
    before.put(before.outbox(), *numbered(10))
    before.delivery().turn()
    before.end()
    before.clock.pass_(1)
    after = bench(literal_api.url)
    after.put(after.outbox(), "new")
    deliver_all(after.delivery())
    assert literal_api.order == [*numbered(10), "new"]


def test_an_outage_of_three_days_loses_nothing(bench: Callable, literal_api: Any) -> None:
    b = bench(literal_api.url, outbox_segment_bytes=4_096)
    outbox, delivery = b.outbox(), b.delivery()
    literal_api.behaviour = "500"
    for name in numbered(3 * 24 * 6):
        b.put(outbox, name)
        delivery.turn()
        b.clock.pass_(600)
    assert delivery.counters.delivered == 0
    literal_api.behaviour = "ok"
    deliver_all(delivery)
    assert literal_api.order == numbered(3 * 24 * 6)


def test_the_age_of_the_oldest_step_is_told_while_it_waits(bench: Callable) -> None:
    b = bench("http://127.0.0.1:1")
    b.put(b.outbox(), "a")
    delivery = b.delivery()
    delivery.turn()
    b.clock.pass_(90)
    delivery.turn()
    assert delivery.oldest_put_at is not None
    assert b.clock.wall() - delivery.oldest_put_at / 1e6 == pytest.approx(90)
    assert delivery.waiting[0] == 1


def test_an_answer_that_goes_missing_costs_a_repeat_and_not_a_step(bench: Callable, literal_api: Any) -> None:
    """The server stored the batch and its answer was cut off: the same ids are sent again, and merge."""
    b = bench(literal_api.url)
    b.put(b.outbox(), *numbered(5))
    delivery = b.delivery()
    literal_api.behaviour = "half"
    delivery.turn()
    literal_api.behaviour = "ok"
    b.clock.pass_(60)
    deliver_all(delivery)
    assert literal_api.order == numbered(5) * 2
    assert len(literal_api.steps) == 5
