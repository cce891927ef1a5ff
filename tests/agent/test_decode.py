"""What providers answer, in all the ways they differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.chat import Usage
from agent.decode import Answer, StreamedAnswer, read_body
from agent.errors import AnswerMalformed


def body(message: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m-1", "choices": [{"message": message, "finish_reason": "stop"}], **more}


def call(**more: Any) -> dict[str, Any]:
    return {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}, **more}


def stream(*deltas: Any, usage: Any = None) -> Answer:
    answer = StreamedAnswer()
    for delta in deltas:
        answer.add({"model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    if usage:
        answer.add({"choices": [], "usage": usage})
    return answer.answer()


def written(answer: Answer) -> list[tuple[str, str]]:
    return [(each["function"]["name"], each["function"]["arguments"]) for each in answer.message["tool_calls"]]


def test_a_plain_answer_is_read():
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    answer = read_body(body({"role": "assistant", "content": "Hi", "refusal": None}, usage=usage))
    assert answer == Answer({"role": "assistant", "content": "Hi"}, "m-1", "stop", Usage(5, 7, 3, 2))


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, "many", {"prompt_tokens_details": 3}])
def test_missing_usage_is_tolerated(usage):
    assert read_body(body({"content": "Hi"}, usage=usage)).usage in (None, Usage())


@pytest.mark.parametrize("message", [{"content": None}, {}, {"content": 7}])
def test_an_answer_that_says_nothing_is_an_empty_text(message):
    assert read_body(body(message)).message == {"role": "assistant", "content": ""}


def test_a_refusal_is_what_the_model_said():
    assert read_body(body({"content": None, "refusal": "I won't."})).message["content"] == "I won't."


def test_half_a_surrogate_pair_is_replaced():
    assert read_body(body({"content": "a\ud800"})).message["content"] == "a?"


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, "text", [], {}, {"choices": None}, {"choices": []}, {"choices": ["x"]}, {"choices": [{}]}),
        *(body(None), body("Hi"), body({"tool_calls": ["f"]}), body({"tool_calls": [{"function": "f"}]})),
    ],
)
def test_what_is_no_answer_is_malformed(wrong):
    with pytest.raises(AnswerMalformed):
        read_body(wrong)


def test_arguments_as_an_object_are_written_as_text():
    arguments = {"city": "Łódź"}
    answer = read_body(body({"tool_calls": [call(function={"name": "f", "arguments": arguments})]}))
    assert written(answer) == [("f", '{"city":"Łódź"}')]
    assert answer.message["content"] is None


@pytest.mark.parametrize("ids", [[None, None], ["", ""], ["a", "a"], ["a", None]])
def test_calls_get_ids_of_their_own_when_the_provider_gives_none(ids):
    answer = read_body(body({"tool_calls": [call(id=each) for each in ids]}))
    given = [each["id"] for each in answer.message["tool_calls"]]
    assert all(given)
    assert len(set(given)) == 2


def test_parallel_calls_are_put_together_by_index():
    answer = stream(
        {"role": "assistant", "content": None},
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y"'}}]},
        {
            "tool_calls": [
                {"index": 0, "function": {"arguments": '{"x":'}},
                {"index": 1, "function": {"arguments": ":2}"}},
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
        usage={"prompt_tokens": 1, "completion_tokens": 2},
    )
    assert written(answer) == [("f", '{"x":1}'), ("g", '{"y":2}')]
    assert [each["id"] for each in answer.message["tool_calls"]] == ["a", "b"]
    assert answer.usage == Usage(1, 2)


@pytest.mark.parametrize("index", [{}, {"index": 0}, {"index": None}])
def test_whole_calls_without_a_true_index_are_told_apart_by_their_ids(index):
    answer = stream(
        {"tool_calls": [{**index, "id": "a", "function": {"name": "f", "arguments": "1"}}]},
        {"tool_calls": [{**index, "id": "b", "function": {"name": "g", "arguments": "2"}}]},
    )
    assert written(answer) == [("f", "1"), ("g", "2")]


def test_whole_calls_without_index_or_id_in_one_chunk_are_told_apart_by_place():
    function = {"name": "f", "arguments": {}}
    assert len(stream({"tool_calls": [{"function": function}, {"function": function}]}).message["tool_calls"]) == 2


def test_text_comes_piece_by_piece_and_nothing_else_counts_as_started():
    answer = StreamedAnswer()
    assert answer.add({"choices": [{"delta": {"role": "assistant", "content": ""}}]}) == ""
    assert not answer.started
    assert answer.add({"choices": [{"delta": {"content": "Hi"}}]}) == "Hi"
    assert answer.started
    answer.add({"choices": [{"delta": None, "finish_reason": "length"}]})
    assert answer.answer().finish_reason == "length"


@pytest.mark.parametrize("chunks", [[], [{"choices": []}], [{"usage": {}}]])
def test_a_stream_without_an_answer_is_malformed(chunks):
    answer = StreamedAnswer()
    for chunk in chunks:
        answer.add(chunk)
    with pytest.raises(AnswerMalformed):
        answer.answer()


pieces = st.lists(st.text(max_size=4), min_size=1, max_size=5)


@given(st.lists(pieces, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_however_the_pieces_are_interleaved_each_call_gets_its_own(calls, random):
    waiting = [
        [{"index": i, "id": f"c{i}", "function": {"name": f"f{i}", "arguments": first}}]
        + [{"index": i, "function": {"arguments": piece}} for piece in rest]
        for i, (first, *rest) in enumerate(calls)
    ]
    deltas = [{"tool_calls": [queue.pop(0)]} for queue in waiting]  # calls begin in order, as providers send them
    while open_queues := [queue for queue in waiting if queue]:
        deltas.append({"tool_calls": [random.choice(open_queues).pop(0)]})
    joined = [(f"f{i}", "".join(parts) or "{}") for i, parts in enumerate(calls)]
    assert written(stream(*deltas)) == joined
