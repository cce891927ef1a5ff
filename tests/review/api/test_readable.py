"""Whatever was stored, the Python SDK can read the form it gets."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from literalai.observability.generation import BaseGeneration

from review.api import readable

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
a_part = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["text", "image_url", "audio"]), "text": any_json, "image_url": any_json}
)
a_message = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "developer", "system"]) | any_json,
        "content": st.lists(a_part, max_size=2) | any_json,
        **dict.fromkeys(("uuid", "name", "templated", "function_call", "tool_calls", "tool_call_id"), any_json),
    },
)


@given(st.lists(a_message | any_json, max_size=3) | any_json, a_message | any_json, any_json)
def test_the_sdk_accepts_every_generation(messages: Any, completion: Any, other: Any) -> None:
    generation = {
        "type": "CHAT",
        "messages": readable.messages(messages),
        "messageCompletion": readable.message(completion),
        "tools": readable.json_objects(other),
        "settings": readable.json_object(other),
        "variables": readable.json_object(other),
    }
    BaseGeneration.from_dict(generation)


def test_what_the_sdk_can_read_is_left_as_it_is() -> None:
    messages = [
        {"role": "system", "content": "be kind", "uuid": "u", "templated": True},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u", "detail": "low"}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {"arguments": "{}"}}]},
        {"role": "tool", "content": "sunny", "tool_call_id": "c", "more": 1},
    ]
    assert readable.messages(messages) == messages
