"""What every answer of a server means, as one table."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from monitor.documents import STEP_ARGUMENTS, batches, body, document
from monitor.records import Kind, Record
from monitor.transport import Later, Outcome, Rejected, Sent, Transport


def send(answer: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response], count: int = 2) -> Outcome:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    transport = Transport("http://x/", "key", timeout=1, via=httpx.MockTransport(handle))
    records = [Record(Kind.STEP, None, 1, orjson.dumps({"id": str(number)})) for number in range(count)]
    outcome = transport.send(records)
    transport.close()
    return outcome


def data(**aliases: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": aliases})


OK = {"ok": True, "message": None}
BUSY = {"message": "busy", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}

ANSWERS: list[tuple[Any, Outcome]] = [
    (data(step0=OK, step1=OK), Sent()),
    (data(step0={"ok": False, "message": "too large"}, step1=OK), Sent({0: "too large"})),
    (data(step0={"ok": False}, step1=OK), Sent({0: "ok: false"})),
    (data(step0=OK, step1=None), Sent({1: "no verdict"})),
    (data(step0=OK), Sent({1: "no verdict"})),
    (data(step0=OK, step1={"ok": None}), Sent()),
    (
        httpx.Response(
            200, json={"data": {"step0": OK, "step1": None}, "errors": [{"message": "bad", "path": ["step1"]}]}
        ),
        Sent({1: "bad"}),
    ),
    (httpx.Response(200, json={"errors": [{"message": "Unknown type"}]}), Rejected("Unknown type")),
    (httpx.Response(200, json={"errors": [BUSY], "data": None}), Later("busy")),
    (httpx.Response(200, json={"data": None}), Later("the answer has no data")),
    (httpx.Response(200, json=[1]), Later("the answer is not a GraphQL response")),
    (httpx.Response(200, text="<html>"), Later("the answer is not JSON: <html>")),
    (httpx.Response(204), Later("the answer is not JSON: ")),
    (httpx.Response(400, text="no"), Rejected("HTTP 400: no")),
    (httpx.Response(400, json={"errors": [BUSY]}), Later(orjson.dumps({"errors": [BUSY]}).decode())),
    (httpx.Response(413, text="large"), Rejected("HTTP 413: large")),
    (httpx.Response(422, text="no"), Rejected("HTTP 422: no")),
    (httpx.Response(401, json={"error": "key"}), Later('HTTP 401: {"error":"key"}')),
    (httpx.Response(403, text=""), Later("HTTP 403: ")),
    (httpx.Response(404, text=""), Later("HTTP 404: ")),
    (httpx.Response(408, text=""), Later("HTTP 408: ")),
    (httpx.Response(429, text="", headers={"retry-after": "12"}), Later("HTTP 429: ", 12)),
    (httpx.Response(503, text="", headers={"retry-after": "1.5"}), Later("HTTP 503: ", 1.5)),
    (httpx.Response(503, text="", headers={"retry-after": "soon"}), Later("HTTP 503: ", 0)),
    (httpx.Response(503, text="", headers={"retry-after": "nan"}), Later("HTTP 503: ", 0)),
    (httpx.Response(503, text="", headers={"retry-after": "-5"}), Later("HTTP 503: ", 0)),
    (httpx.Response(503, text="", headers={"retry-after": "1e9"}), Later("HTTP 503: ", 3600)),
    (httpx.Response(503, text="", headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}), Later("HTTP 503: ", 0)),
    (httpx.Response(500, text="x" * 1000), Later("HTTP 500: " + "x" * 300 + "…")),
    (httpx.ConnectError("refused"), Later("ConnectError: refused")),
    (httpx.ReadTimeout("slow"), Later("ReadTimeout: slow")),
    (httpx.RemoteProtocolError("half"), Later("RemoteProtocolError: half")),
    (ZeroDivisionError("fault"), Later("ZeroDivisionError in the transport: fault")),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS, ids=[str(i) for i in range(len(ANSWERS))])
def test_an_answer_has_one_meaning(answer: Any, outcome: Outcome) -> None:
    got = send(answer)
    assert type(got) is type(outcome)
    if isinstance(got, Later) and "errors" in got.reason:
        assert orjson.loads(got.reason) == orjson.loads(outcome.reason)
    else:
        assert got == outcome


def test_a_307_is_followed_as_the_sdk_does() -> None:
    def moved(request: httpx.Request) -> httpx.Response:
        if request.url.host == "x":
            return httpx.Response(307, headers={"location": "http://y/api/graphql"})
        assert request.method == "POST"
        return data(step0=OK)

    assert send(moved, 1) == Sent()


def test_a_record_that_is_not_json_is_refused_and_not_sent() -> None:
    transport = Transport("http://x", "key", timeout=1, via=httpx.MockTransport(lambda request: httpx.Response(500)))
    assert isinstance(transport.send([Record(Kind.STEP, None, 1, b"not json")]), Rejected)
    assert isinstance(transport.send([Record(Kind.STEP, None, 1, b"[1]")]), Rejected)
    transport.close()


def test_an_environment_no_header_can_carry_is_made_one() -> None:
    seen: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["x-env"])
        return data(step0=OK)

    transport = Transport("http://x", "key", timeout=1, via=httpx.MockTransport(note))
    assert transport.send([Record(Kind.STEP, "pröd\r\nx: 1", 1, b'{"id":"a"}')]) == Sent()
    transport.close()
    assert seen == ["pr?d??x: 1"]


def test_the_document_asks_what_the_sdk_asks() -> None:
    """Operation, variables with their types, arguments and selection are those of the SDK's own builder."""
    from graphql import parse, print_ast
    from literalai.api.helpers.gql import steps_query_builder

    def parts(text: str) -> Any:
        (operation,) = parse(text).definitions
        return (
            operation.name.value,
            sorted(print_ast(variable) for variable in operation.variable_definitions),
            [
                (
                    field.alias.value,
                    field.name.value,
                    sorted(print_ast(argument) for argument in field.arguments),
                    print_ast(field.selection_set),
                )
                for field in operation.selection_set.selections
            ],
        )

    assert parts(document(3, 0)) == parts(steps_query_builder([0, 0, 0]))


def test_thread_arguments_are_those_of_the_sdk() -> None:
    from graphql import parse
    from literalai.api.helpers.gql import UPSERT_THREAD

    def arguments(text: str) -> set[str]:
        (operation,) = parse(text).definitions
        return {argument.name.value for argument in operation.selection_set.selections[0].arguments}

    assert arguments(document(0, 1)) == arguments(UPSERT_THREAD)


def test_variables_carry_what_is_given_and_nothing_else() -> None:
    records = [
        Record(Kind.STEP, None, 1, b'{"id":"a","name":"n","unknown":1}'),
        Record(Kind.THREAD, None, 1, b'{"id":"t"}'),
        Record(Kind.STEP, None, 1, b'{"id":"b","input":{"x":null}}'),
    ]
    content, aliases = body(records)
    assert orjson.loads(content)["variables"] == {
        "id_0": "a", "name_0": "n", "thread_id_0": "t", "id_1": "b", "input_1": {"x": None},
    }  # fmt: skip
    assert aliases == ["step0", "thread0", "step1"]
    assert "unknown" not in STEP_ARGUMENTS


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 64, 100, 513])
def test_batches_hold_every_record_once(count: int) -> None:
    kinds = [Kind.THREAD if number % 8 == 7 else Kind.STEP for number in range(count)]
    records = [Record(kind, "dev" if number % 3 else None, 1, b"{}") for number, kind in enumerate(kinds)]
    cut = list(batches(records))
    assert sorted(position for batch in cut for position in batch) == list(range(count))
    for batch in cut:
        assert len({records[position].environment for position in batch}) == 1
