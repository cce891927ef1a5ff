"""The steps an ingest benchmark sends: threads of 24 steps with about 1.2 kB each, in the SDK's own documents."""

import hashlib
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from literalai.api.helpers import gql

STEPS_PER_THREAD = 24
_PARAGRAPHS = 400
_PARAGRAPH_CHARS = 1_000
_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _paragraphs() -> list[str]:
    """Texts whose words are as unequally frequent as those of a language."""
    chance = random.Random(7)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    weights = [1 / (rank + 2) for rank in range(len(letters))]
    words = ["".join(chance.choices(letters, weights, k=chance.randint(2, 9))) for _ in range(4_000)]
    frequencies = [1 / (rank + 3) for rank in range(len(words))]
    return [" ".join(chance.choices(words, frequencies, k=300))[:_PARAGRAPH_CHARS] for _ in range(_PARAGRAPHS)]


PARAGRAPHS = _paragraphs()


def thread_id(number: int) -> str:
    return _uuid(f"thread {number}")


def _uuid(name: str) -> str:
    """Ids are as random as clients make them: no index is filled in order."""
    return str(uuid.UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest(), version=4))


def rare_word(number: int) -> str:
    """A word that only the answer of one thread contains."""
    return "".join("bdfghklmprstvz"[digit] + "aeiou"[number % 5] for digit in _digits(number))


def _digits(number: int) -> list[int]:
    mixed = (number * 2_654_435_761) % 2**32
    return [(mixed // 14**place) % 14 for place in range(8)]


def steps(first: int, count: int) -> Iterator[dict[str, Any]]:
    """The steps number `first` and following, as the SDK's `Step.to_dict` has them."""
    for number in range(first, first + count):
        yield _step(number // STEPS_PER_THREAD, number % STEPS_PER_THREAD)


def _step(thread: int, position: int) -> dict[str, Any]:
    started = _NOON + timedelta(seconds=thread * 0.5, milliseconds=position * 250)
    text = PARAGRAPHS[(thread * 31 + position) % _PARAGRAPHS]
    step = {
        "id": _uuid(f"step {thread} {position}"),
        "threadId": thread_id(thread),
        "parentId": _uuid(f"step {thread} 1") if position > 1 else None,
        "startTime": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "endTime": (started + timedelta(milliseconds=200)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "metadata": {"release": "2026.11"},
    }
    if position in {0, STEPS_PER_THREAD - 1}:
        is_answer = position != 0
        said = f"{text} {rare_word(thread)}" if is_answer else text
        kind, name = ("assistant_message", "assistant") if is_answer else ("user_message", "user")
        return {**step, "type": kind, "name": name, "output": {"content": said}}
    if position == 1:
        return {
            **step,
            "type": "run",
            "name": "agent",
            "input": {"content": text[:500]},
            "output": {"content": text[500:]},
        }
    if position % 2:
        return {
            **step,
            "type": "tool",
            "name": "search",
            "input": {"query": text[:80]},
            "output": {"content": text[80:]},
        }
    generation = {
        "type": "CHAT",
        "provider": "openai",
        "model": "gpt-5-mini",
        "settings": {"temperature": 0.2},
        "messages": [{"role": "user", "content": text[:600]}],
        "messageCompletion": {"role": "assistant", "content": text[600:]},
        "inputTokenCount": 180,
        "outputTokenCount": 90,
        "tokenCount": 270,
        "duration": 0.2,
        "ttFirstToken": 35.0,
    }
    return {**step, "type": "llm", "name": "gpt-5-mini", "generation": generation}


def bodies(first: int, count: int, batch: int) -> Iterator[bytes]:
    """The bodies of the requests that send some steps, as the SDK's `send_steps` makes them."""
    query = gql.steps_query_builder(range(batch))
    for start in range(first, first + count - batch + 1, batch):
        some: list[Any] = list(steps(start, batch))
        yield orjson.dumps({"query": query, "variables": gql.steps_variables_builder(some)})
