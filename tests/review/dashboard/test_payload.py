"""JSON that clients send, as a person reads it."""

import json

import pytest

from review.dashboard.payload import (
    SHOWN_CHARS,
    as_json,
    chat_message,
    message_text,
    one_line,
    shown,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ({"content": "said"}, "said"),
        ({"text": "said"}, "said"),
        ("", ""),
        ("{not json", "{not json"),
    ],
)
def test_what_is_only_text_is_shown_as_text(value, text) -> None:
    payload = shown(value)
    assert (payload.text, payload.is_json) == (text, False)


def test_a_string_that_holds_json_is_opened() -> None:
    payload = shown('{"city":"Zürich"}')
    assert payload.is_json
    assert payload.text == '{\n  "city": "Zürich"\n}'


def test_json_beside_text_stays_json() -> None:
    assert shown({"content": "said", "role": "user"}).is_json


def test_a_huge_text_is_cut_and_says_by_how_much() -> None:
    payload = shown("x" * (SHOWN_CHARS + 5))
    assert (len(payload.text), payload.cut_chars) == (SHOWN_CHARS, 5)


def test_json_nested_too_deeply_does_not_take_the_page_down() -> None:
    value: list = []
    for _ in range(5_000):
        value = [value]
    assert "too deeply" in as_json(value)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (({"content": "answer"},), "answer"),
        ((None, {"content": "question"}), "question"),
        (({}, "question"), "question"),
        (([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": "u"}, "b"],), "a\n\nb"),
        ((None,), ""),
        (({"answer": 42},), '{\n  "answer": 42\n}'),
        ((7,), "7"),
    ],
)
def test_a_message_is_found_wherever_clients_put_it(values, text) -> None:
    assert message_text(*values) == text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"city": "sf", "days": 2}, 'city="sf", days=2'),
        ('{"city": "سان فرانسيسكو"}', 'city="سان فرانسيسكو"'),
        ("free\ntext", "free text"),
        ({}, ""),
        (None, ""),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_arguments_fit_on_one_line(arguments, line) -> None:
    assert one_line(arguments) == line


def test_a_chat_message_keeps_all_its_tool_calls() -> None:
    calls = [{"id": str(n), "function": {"name": f"tool{n}", "arguments": f'{{"n": {n}}}'}} for n in range(2)]
    message = chat_message({"role": "assistant", "content": None, "tool_calls": calls})
    assert [(call.id, call.name) for call in message.tool_calls] == [("0", "tool0"), ("1", "tool1")]
    assert json.loads(message.tool_calls[1].arguments.text) == {"n": 1}


@pytest.mark.parametrize("image", ["https://a.example/b.png", {"url": "https://a.example/b.png"}])
def test_images_are_found_in_both_shapes_sdks_send(image) -> None:
    message = chat_message({"role": "user", "content": [{"type": "image_url", "image_url": image}]})
    assert message.images == ("https://a.example/b.png",)


@pytest.mark.parametrize("broken", [None, "text", 7, [], {"tool_calls": "x"}, {"tool_calls": [None]}, {"content": 7}])
def test_whatever_is_no_message_is_still_shown(broken) -> None:
    assert chat_message(broken).role == "unknown"
