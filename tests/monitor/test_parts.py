"""The small parts: breaker, ids, instants, serialising, generations."""

import os
import random
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.breaker import Breaker, State
from monitor.clock import Instants, iso
from monitor.generation import StreamedResponse, generation
from monitor.ids import Ids
from monitor.losses import Losses, written_losses
from monitor.serialise import frozen, merged, to_json


def test_the_breaker_opens_after_failures_and_closes_with_a_success(clock: Any) -> None:
    breaker = Breaker(clock, random.Random(1), first=1, longest=30)
    states = []
    for _ in range(4):
        states.append(breaker.state())
        breaker.failed()
    assert states == [State.CLOSED, State.CLOSED, State.CLOSED, State.OPEN]
    clock.pass_(30)
    assert breaker.state() is State.HALF_OPEN
    breaker.succeeded()
    assert (breaker.state(), breaker.wait()) == (State.CLOSED, 0)


@given(st.integers(0, 2000), st.integers(0, 2**32))
def test_a_pause_is_random_and_bounded(failures: int, seed: int) -> None:
    class Stopped:
        def seconds(self) -> float:
            return 0.0

        def wall(self) -> float:
            return 0.0

    breaker = Breaker(Stopped(), random.Random(seed), first=0.5, longest=30)
    for _ in range(failures + 1):
        breaker.failed()
    bound = min(30, 0.5 * 2 ** min(failures, 30))
    assert bound / 10 <= breaker.wait() <= bound


def test_ids_are_uuids_that_grow_and_never_repeat() -> None:
    ids = Ids()
    made = [ids.next() for _ in range(5_000)]
    assert len(set(made)) == 5_000
    assert {uuid.UUID(one).version for one in made} == {7}
    assert {uuid.UUID(one).variant for one in made} == {uuid.RFC_4122}
    assert [one[:13] for one in made] == sorted(one[:13] for one in made)


def test_a_forked_child_makes_other_ids() -> None:
    ids = Ids()
    ids.next()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, ids.next()[-22:].encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100).decode() != ids.next()[-22:]
    os.close(read)
    os.close(write)


def test_instants_never_repeat_even_when_the_clock_stands_or_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1_000_000_000, 1_000_000_000, 999_000_000, 1_000_999_999_000, 1_000_999_999_000])
    monkeypatch.setattr("monitor.clock.time.time_ns", lambda: next(times))
    instants = Instants()
    assert [instants.next() for _ in range(5)] == [
        "1970-01-01T00:00:01.000000Z",
        "1970-01-01T00:00:01.000001Z",
        "1970-01-01T00:00:01.000002Z",
        "1970-01-01T00:16:40.999999Z",
        "1970-01-01T00:16:41.000000Z",
    ]


def test_iso_has_milliseconds_and_z() -> None:
    assert iso(0) == "1970-01-01T00:00:00.000Z"


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
ODD = st.dates() | st.uuids() | st.complex_numbers() | st.frozensets(st.integers())
KEYS = st.text() | st.integers() | st.none()
ANYTHING = st.recursive(
    PLAIN | ODD,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), ANYTHING, max_size=5))
def test_everything_becomes_json_and_stays_what_it_was(value: dict[str, Any]) -> None:
    assert isinstance(orjson.loads(to_json(value)), dict)
    assert frozen(value).keys() == {key.encode("utf-8", "replace").decode() for key in value}


def test_merged_metadata_lose_nothing() -> None:
    assert merged({"a": 1, "b": 1}, {"b": 2}) == {"a": 1, "b": 2}
    assert merged(None, {}) is None
    assert merged(["odd"], {"b": 2}) == {"metadata": ["odd"], "b": 2}


def test_losses_are_said_once_a_minute_and_kept_on_disk(tmp_path: Any, clock: Any, caplog: Any) -> None:
    losses = Losses(tmp_path, clock)
    for _ in range(5):
        losses.count("memory full", 10)
        losses.say()
    assert [record.getMessage() for record in caplog.records] == ["[monitoring only] memory full (10)"]
    clock.pass_(61)
    losses.say()
    assert caplog.records[-1].getMessage() == "[monitoring only] memory full (40)"
    assert written_losses(tmp_path) == losses.by_reason() == {"memory full": 50}


REQUEST = {
    "model": "gpt-x", "messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function"}],
    "temperature": 0.1, "stream": True, "tool_choice": "auto", "max_tokens": None,
    "stream_options": {"include_usage": True},
}  # fmt: skip
CALLS = [
    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"sf"}'}},
    {"id": "c2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"paris"}'}},
]
MESSAGE = {"role": "assistant", "content": None, "tool_calls": CALLS}
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "total_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 4},
}
RESPONSE = {
    "id": "r1",
    "model": "gpt-x-2026",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "tool_calls"}],
    "usage": USAGE,
}


def test_a_generation_holds_everything_about_a_call() -> None:
    assert generation(REQUEST, RESPONSE, seconds=2.0, first_token_seconds=0.25, tags=["t"], metadata={"m": 1}) == {
        "type": "CHAT", "provider": "openai", "model": "gpt-x-2026", "tags": ["t"],
        "settings": {"model": "gpt-x-2026", "temperature": 0.1, "stream": True, "tool_choice": "auto"},
        "metadata": {"m": 1, "finish_reason": "tool_calls", "response_id": "r1", "cached_tokens": 4},
        "tools": [{"type": "function"}], "messages": REQUEST["messages"],
        "messageCompletion": {"role": "assistant", "tool_calls": CALLS},
        "inputTokenCount": 10, "outputTokenCount": 20, "tokenCount": 30,
        "duration": 2.0, "ttFirstToken": 250.0, "tokenThroughputInSeconds": 10.0,
    }  # fmt: skip


def test_a_failed_call_has_a_generation_too() -> None:
    told = generation(REQUEST, None, seconds=1.0, error="timeout")
    assert told["error"] == "timeout"
    assert told["model"] == "gpt-x"
    assert "messageCompletion" not in told
    assert "tokenCount" not in told


def chunks() -> list[dict[str, Any]]:
    def delta(**delta: Any) -> dict[str, Any]:
        return {"id": "r1", "model": "gpt-x-2026", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}

    def part(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        return {"index": index, **more, "function": {"arguments": arguments, **({"name": "weather"} if more else {})}}

    return [
        delta(role="assistant", content=""),
        delta(tool_calls=[part(0, "", id="c1", type="function")]),
        delta(tool_calls=[part(0, '{"city":'), part(1, '{"ci', id="c2", type="function")]),
        delta(tool_calls=[part(1, 'ty":"paris"}')]),
        delta(tool_calls=[part(0, '"sf"}')]),
        {"id": "r1", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        {"id": "r1", "choices": [], "usage": RESPONSE["usage"]},
    ]


def test_a_stream_leaves_the_same_generation_as_an_answer_in_one_piece() -> None:
    streamed = StreamedResponse()
    for chunk in chunks():
        streamed.add(chunk)
    assert generation(REQUEST, streamed.response(), seconds=2.0) == generation(REQUEST, RESPONSE, seconds=2.0)


def test_streamed_text_is_put_together() -> None:
    streamed = StreamedResponse()
    assert not streamed.started
    for text in ("", "It ", "is sunny."):
        streamed.add({"choices": [{"delta": {"content": text}}]})
    assert streamed.started
    assert streamed.response()["choices"][0]["message"] == {"role": "assistant", "content": "It is sunny."}
