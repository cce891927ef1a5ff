"""Nothing that must not be kept reaches the disk, and what can't be masked is withheld."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.losses import Losses
from monitor.masking import Masker, masker_of
from monitor.patterns import PATTERNS, chosen, is_card_number, is_iban, mask_all
from monitor.records import Kind, Record
from settings import MonitorSettings

SECRETS = {
    "email": ["ann.o'neil+x@mail.example.co.uk", "a@b.io", "ünï@exämple.de"],
    "phone": ["+1 (415) 555-2671", "+49 30 901820", "0044 20 7946 0958", "(415) 555-2671", "415-555-2671"],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606"],
    "api_key": [
        "sk-proj-abcDEF1234567890abcd", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghijkl", "lsk_0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN",
    ],
    "bearer": ["Authorization: Bearer abc.def-123456", "bearer 0123456789"],
}  # fmt: skip
HARMLESS = [
    "the order 4111 1111 1111 1112", "12:30:45", "2026-11-20T21:06:00.000123Z", "3.14159265358979", "a@b", "@handle",
    "GB82WEST12345698765433", "skating is fun", "192.168.100.200",
    "call 911", "019a9c1e-7b3c-7d41-9f0a-3b5c7d9e1f20",
    "the bearer of news", "version 1.2.3-rc4", "1763672000123456",
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SECRETS.items() for text in texts])
def test_what_a_pattern_is_for_is_masked_wherever_it_stands(name: str, text: str) -> None:
    secret = text.rsplit(maxsplit=1)[-1] if name == "bearer" else text
    for around in ("{}", "x {}, y", "({})", '{{"k":"{}"}}', "«{}»"):
        assert secret not in PATTERNS[name].mask(around.format(text))


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str) -> None:
    assert mask_all(PATTERNS.values(), text) == text


@given(st.text(max_size=300))
def test_masking_is_stable(text: str) -> None:
    once = mask_all(PATTERNS.values(), text)
    assert mask_all(PATTERNS.values(), once) == once


@pytest.mark.parametrize("unit", ["a", "1", "1 ", "a.", "A1", "+", "a@", "sk-", "Bearer ", "-", "DE89 ", "(415) "])
def test_no_text_makes_a_pattern_slow(unit: str) -> None:
    """A quadratic expression would need minutes for these; the suite's own time limit is the assertion."""
    mask_all(PATTERNS.values(), unit * 200_000)


@given(st.integers(0, 10**15 - 1))
def test_luhn_takes_exactly_one_check_digit(number: int) -> None:
    assert sum(is_card_number(f"{number}{digit}") for digit in range(10)) == 1


def test_an_iban_with_two_digits_swapped_is_none() -> None:
    assert is_iban("GB82 WEST 1234 5698 7654 32")
    assert not is_iban("GB82 WEST 1234 5698 7645 32")


@pytest.fixture
def losses(tmp_path: Path, clock: Any) -> Losses:
    return Losses(tmp_path, clock)


def masked(masker: Masker, content: dict[str, Any], kind: Kind = Kind.STEP) -> dict[str, Any]:
    (record,) = masker.apply([Record(kind, None, 1, orjson.dumps(content))])
    return orjson.loads(record.content)


def test_every_string_of_every_field_is_masked(losses: Losses) -> None:
    mail = "ann@example.org"
    step = {
        "id": "s", "threadId": "t", "type": "llm", "startTime": "2026-11-20T21:06:00.000123Z",
        "name": mail, "error": mail, "tags": [mail], "metadata": {mail: {"deep": [mail, 1, None, True]}},
        "input": {"content": mail}, "output": {"content": mail},
        "generation": {"messages": [{"role": "user", "content": [{"type": "text", "text": mail}]}],
                       "messageCompletion": {"tool_calls": [{"function": {"arguments": '{"to":"ann@example.org"}'}}]}},
        "scores": [{"comment": mail}], "attachments": [{"name": mail, "url": f"https://x/{mail}"}],
    }  # fmt: skip
    told = masked(Masker(losses, chosen("all")), step)
    assert mail not in orjson.dumps(told).decode()
    assert (told["id"], told["threadId"], told["startTime"]) == ("s", "t", step["startTime"])
    assert told["metadata"]["[email]"]["deep"] == ["[email]", 1, None, True]
    assert told["generation"]["messageCompletion"]["tool_calls"][0]["function"]["arguments"] == '{"to":"[email]"}'


def test_threads_are_masked_as_well(losses: Losses) -> None:
    told = masked(Masker(losses, chosen("email")), {"id": "t", "name": "of ann@example.org"}, Kind.THREAD)
    assert told == {"id": "t", "name": "of [email]"}


def test_only_what_is_chosen_is_masked(losses: Losses) -> None:
    told = masked(Masker(losses, chosen("email, card")), {"id": "s", "name": "a@b.io +49 30 901820"})
    assert told["name"] == "[email] +49 30 901820"
    with pytest.raises(ValueError, match="no pattern passport"):
        chosen("email,passport")


def test_masking_that_raises_withholds_the_content(losses: Losses) -> None:
    def fail(text: str) -> str:
        raise RuntimeError(text)

    told = masked(Masker(losses, more=fail), {"id": "s", "threadId": "t", "name": "secret", "input": {"a": "secret"}})
    assert told == {"id": "s", "threadId": "t", "metadata": {"withheld": "masking failed: RuntimeError"}}
    assert losses.by_reason() == {"content withheld: masking failed: RuntimeError": 1}


@pytest.mark.parametrize("nonsense", [None, "x", {"id": "s"}, [1], [{"name": "no id"}], [{"id": 3}], [None]])
def test_a_preprocess_function_that_returns_nonsense_withholds_the_content(losses: Losses, nonsense: Any) -> None:
    masker = Masker(losses)
    masker.preprocess = lambda steps: nonsense
    told = masked(masker, {"id": "s", "type": "tool", "input": {"a": "secret"}})
    assert told == {"id": "s", "type": "tool", "metadata": {"withheld": "preprocessing failed: TypeError"}}


def test_one_step_that_fails_costs_no_other_its_content(losses: Losses) -> None:
    def fail_on_two(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any(step["id"] == "2" for step in steps):
            raise KeyError("2")
        return steps

    masker = Masker(losses)
    masker.preprocess = fail_on_two
    records = [Record(Kind.STEP, None, 1, orjson.dumps({"id": str(n), "name": "n"})) for n in range(4)]
    told = [orjson.loads(record.content) for record in masker.apply(records)]
    assert [step.get("name") for step in told] == ["n", "n", None, "n"]


def test_a_preprocess_function_may_drop_steps_and_never_sees_threads(losses: Losses) -> None:
    masker = Masker(losses)
    masker.preprocess = lambda steps: [step for step in steps if step["id"] != "drop"]
    records = [
        Record(Kind.STEP, "dev", 1, b'{"id":"drop"}'),
        Record(Kind.THREAD, "dev", 2, b'{"id":"t"}'),
        Record(Kind.STEP, "dev", 3, b'{"id":"keep"}'),
    ]
    assert [(one.kind, one.put_at) for one in masker.apply(records)] == [(Kind.STEP, 3), (Kind.THREAD, 2)]


def test_patterns_still_apply_to_what_the_preprocess_function_made(losses: Losses) -> None:
    masker = Masker(losses, chosen("email"))
    masker.preprocess = lambda steps: [{**step, "name": "a@b.io"} for step in steps]
    assert masked(masker, {"id": "s"})["name"] == "[email]"


def test_what_is_masked_never_was_on_disk(bench: Callable, folder: Path) -> None:
    b = bench()
    outbox = b.outbox()
    outbox.masker = masker_of(MonitorSettings(mask_patterns="all"), outbox.losses)
    outbox.put(Kind.STEP, orjson.dumps({"id": "s", "name": "ann@example.org"}))
    b.put(outbox)
    assert b"ann@" not in b"".join(path.read_bytes() for path in folder.iterdir())


def test_presidio_that_is_not_installed_stops_the_start_and_says_so(losses: Losses) -> None:
    with pytest.raises(ValueError, match="presidio_analyzer is not installed"):
        masker_of(MonitorSettings(mask_presidio=True), losses)
