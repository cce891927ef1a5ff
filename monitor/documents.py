"""The GraphQL documents of a delivery: literal-api.md §4.1 (ingestStep) and §4.3 (upsertThread).

A document's text depends only on how many steps and threads it takes, and a good server parses a text once (which
costs it 2 ms a step): so batches have few sizes, up to eight or a multiple of eight of each kind.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any, cast

import orjson

from monitor.records import Kind, Record

STEP_ARGUMENTS = {
    "id": "String!",
    "threadId": "String",
    "rootRunId": "String",
    "type": "StepType",
    "startTime": "DateTime",
    "endTime": "DateTime",
    "error": "String",
    "input": "Json",
    "output": "Json",
    "metadata": "Json",
    "parentId": "String",
    "name": "String",
    "tags": "[String!]",
    "generation": "GenerationPayloadInput",
    "scores": "[ScorePayloadInput!]",
    "attachments": "[AttachmentPayloadInput!]",
}
THREAD_ARGUMENTS = {
    "id": "String!",
    "name": "String",
    "metadata": "Json",
    "participantId": "String",
    "tags": "[String!]",
}
ARGUMENTS = {Kind.STEP: STEP_ARGUMENTS, Kind.THREAD: THREAD_ARGUMENTS}

QUANTUM = 8


def alias(kind: Kind, number: int) -> str:
    """The key under which the server answers for one record: `step0`, `thread0`."""
    return f"{kind.value}{number}"


@lru_cache(maxsize=256)
def document(steps: int, threads: int) -> str:
    """The mutation that takes so many steps and threads."""
    declared = chain(
        (f"${_variable(Kind.STEP, name, i)}: {t}" for i in range(steps) for name, t in STEP_ARGUMENTS.items()),
        (f"${_variable(Kind.THREAD, name, i)}: {t}" for i in range(threads) for name, t in THREAD_ARGUMENTS.items()),
    )
    fields = chain(
        (f"{alias(Kind.STEP, i)}: ingestStep({_passed(Kind.STEP, i)}) {{ ok message }}" for i in range(steps)),
        (f"{alias(Kind.THREAD, i)}: upsertThread({_passed(Kind.THREAD, i)}) {{ id }}" for i in range(threads)),
    )
    return f"mutation AddStep({' '.join(declared)}) {{ {' '.join(fields)} }}"


def _passed(kind: Kind, number: int) -> str:
    return " ".join(f"{name}: ${_variable(kind, name, number)}" for name in ARGUMENTS[kind])


@cache
def _variable(kind: Kind, name: str, number: int) -> str:
    """`id_0` for a step, as the SDK names it; `thread_id_0` for a thread."""
    return f"{name}_{number}" if kind is Kind.STEP else f"thread_{name}_{number}"


@lru_cache(maxsize=1024)
def _variables(kind: Kind, number: int) -> dict[str, str]:
    return {name: _variable(kind, name, number) for name in ARGUMENTS[kind]}


def body(records: Sequence[Record]) -> tuple[bytes, list[str]]:
    """The request body for these records, and the alias of each."""
    counts = {Kind.STEP: 0, Kind.THREAD: 0}
    variables: dict[str, Any] = {}
    aliases: list[str] = []
    for record in records:
        number = counts[record.kind]
        counts[record.kind] = number + 1
        names = _variables(record.kind, number)
        content = cast("dict[str, Any]", orjson.loads(record.content))
        for key, value in content.items():
            if key in names:
                variables[names[key]] = value
        aliases.append(alias(record.kind, number))
    return orjson.dumps({"query": document(counts[Kind.STEP], counts[Kind.THREAD]), "variables": variables}), aliases


def batches(records: Sequence[Record]) -> Iterator[list[int]]:
    """Positions of the records, cut into requests: one environment and one kind each, and of a usual size.

    Our own server has a short way for documents of nothing but steps: 64 of them take it 9 ms, where 48 together with
    16 threads took 190 ms. Records of a thread keep their order: positions of a kind only grow, and a thread's upsert
    commutes with its steps.
    """
    alike: dict[tuple[str | None, Kind], list[int]] = {}
    for position, record in enumerate(records):
        alike.setdefault((record.environment, record.kind), []).append(position)
    for positions in alike.values():
        usual = len(positions) // QUANTUM * QUANTUM
        yield from (part for part in (positions[:usual], positions[usual:]) if part)
