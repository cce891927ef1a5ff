"""A caller's history: what is tolerated, what is refused and with which index."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.demo.requests import fault_in
from agent.messages import InvalidHistory, validate_history

USER = {"role": "user", "content": "hi"}
IMAGE = {"type": "image_url", "image_url": {"url": 5}}
OBJECT = {"id": "a", "function": {"name": "f", "arguments": {}}}


def call(call_id: str = "a", **more: Any) -> dict[str, Any]:
    function = {"name": "f", "arguments": "{}"}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
        **more,
    }


def result(call_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "x", **more}


def refused(*history: Any) -> InvalidHistory:
    with pytest.raises(InvalidHistory) as caught:
        validate_history(history)
    return caught.value


def test_what_older_clients_and_sdk_dumps_add_is_dropped():
    dumped = {
        "content": "x",
        "refusal": None,
        "role": "assistant",
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    asked = call(function_call=None, refusal=None, name=None)
    asked["tool_calls"][0]["index"] = 0
    history = [
        {**USER, "name": None},
        dumped,
        {**USER, "function_call": None, "tool_calls": None},
        asked,
        result(name="f"),
        USER,
    ]
    assert validate_history(history) == [USER, {"role": "assistant", "content": "x"}, USER, call(), result(), USER]


def test_content_may_be_parts_and_every_role_that_asks_may_come():
    history = [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_id": "f1"}},
            ],
        },
    ]
    assert validate_history(history) == history


@pytest.mark.parametrize(
    ("history", "index", "reason"),
    [
        ([], None, "There is no message"),
        (["hi"], 0, "A message is an object"),
        ([{"content": "hi"}], 0, "Unknown role None"),
        ([USER, {"role": "robot", "content": "hi"}], 1, "Unknown role 'robot'"),
        ([{"role": ["user"], "content": "hi"}], 0, "Unknown role"),
        ([{"role": "function", "name": "f", "content": "x"}, USER], 0, "Unknown role 'function'"),
        ([{"role": "user"}], 0, "content: Field required"),
        ([{"role": "user", "content": None}], 0, "content: Field required"),
        ([{"role": "user", "content": 5}], 0, "content: Content should be a string or a list of parts"),
        ([{"role": "user", "content": []}], 0, "content: List should have at least 1 item"),
        ([{"role": "user", "content": [{"type": "video"}]}], 0, "content.0: Input tag 'video'"),
        ([{"role": "user", "content": ["hi"]}], 0, "content.0: "),
        ([{"role": "user", "content": [IMAGE]}], 0, "content.0.image_url.url: "),
        ([{"role": "system", "content": [{"type": "text", "text": 5}]}, USER], 0, "content.0.text: "),
        ([{"role": "user", "content": "half \ud800"}], 0, "no valid Unicode"),
        ([{"role": "user", "content": "x", "name": 3}], 0, "name: Input should be a valid string"),
        ([{"role": "assistant", "content": None}, USER], 0, "needs content or tool_calls"),
        ([{"role": "assistant", "content": "x", "function_call": {}}, USER], 0, "function_call is the API's old form"),
        ([{"role": "assistant", "tool_calls": "f"}, USER], 0, "tool_calls: Input should be a valid list"),
        ([{"role": "assistant", "tool_calls": [OBJECT]}, USER], 0, "tool_calls.0.function.arguments: "),
        ([USER, {"role": "assistant", "content": "bye"}], 1, "The last message must be the user's"),
        ([call(), result()], 1, "The last message must be the user's"),
        ([call(), USER], 0, "No result follows for call 'a'"),
        ([USER, call(), USER, result(), USER], 1, "No result follows for call 'a'"),
        ([call()], 0, "No result follows for call 'a'"),
        ([USER, result(), USER], 1, "A result of call 'a'"),
        ([call(), result(), result(), USER], 2, "A result of call 'a'"),
        ([call("a"), result("b"), USER], 1, "A result of call 'b'"),
        ([{**call(), "tool_calls": call()["tool_calls"] * 2}, result(), USER], 0, "Two calls have the same id"),
    ],
)  # fmt: skip
def test_a_history_the_api_would_refuse_is_refused_with_the_index_of_the_message(history, index, reason):
    error = refused(*history)
    assert error.index == index
    assert reason in error.reason
    assert error.reason.endswith(".")


def test_the_callers_own_messages_are_not_touched():
    history = [{"role": "assistant", "content": "x", "tool_calls": []}, USER]
    copy = json.loads(json.dumps(history))
    validate_history(history)
    assert history == copy


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.none() | texts
extra = st.dictionaries(
    st.sampled_from(["refusal", "annotations", "audio", "function_call", "x"]), st.none(), max_size=2
)
content = texts | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": texts}), min_size=1, max_size=3)


@st.composite
def tool_rounds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A message that calls tools, and all results, in any order."""
    ids = draw(
        st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=4), min_size=1, max_size=4, unique=True)
    )
    calls = [{"id": each, "type": "function", "function": {"name": "f", "arguments": draw(texts)}} for each in ids]
    asked = {"role": "assistant", "content": draw(st.none() | texts), "tool_calls": calls, **draw(extra)}
    return [
        asked,
        *({"role": "tool", "tool_call_id": each, "content": draw(content)} for each in draw(st.permutations(ids))),
    ]


said = st.builds(
    lambda role, content, name, extra: [{"role": role, "content": content, "name": name, **extra}],
    st.sampled_from(["system", "developer", "user", "assistant"]), content, names, extra,
)  # fmt: skip
histories = st.lists(said | tool_rounds(), max_size=6).map(lambda rounds: [m for each in rounds for m in each] + [USER])


@given(histories)
def test_what_comes_out_is_plain_json_that_goes_in_again_and_that_a_provider_takes(history):
    clean = validate_history(history)
    assert validate_history(json.loads(json.dumps(clean))) == clean
    assert fault_in({"model": "m", "messages": clean}, served="m") is None
    assert [message["role"] for message in clean] == [message["role"] for message in history]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "tool_calls", "tool_call_id", "name", "type", "text", "function", "id"])
        | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.lists(
        anything
        | st.builds(
            lambda role, rest: {**rest, "role": role},
            st.sampled_from(["user", "assistant", "tool"]),
            st.dictionaries(st.sampled_from(["content", "tool_calls", "tool_call_id"]), anything),
        ),
        max_size=4,
    )
)
def test_anything_else_is_either_refused_or_taken_by_a_provider(history):
    try:
        clean = validate_history(history)
    except InvalidHistory as error:
        index = error.index
    else:
        index = None
        assert fault_in({"model": "m", "messages": clean}, served="m") is None
    assert index is None or 0 <= index < len(history)
