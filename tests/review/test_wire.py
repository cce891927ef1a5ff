"""Bodies as clients really send them."""

import pytest

from review.errors import Refused
from review.wire import parse


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"a": "x\u0000y"}', {"a": "xy"}),
        (rb'{"\u0000a": ["\u0000"]}', {"a": [""]}),
        (rb'"\\u0000"', r"\u0000"),
        (rb'"cut \ud83d"', "cut "),
        (rb'"\ud83d\ude00"', "😀"),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None, None, None, None]),
        (b"123456789012345678901234567890", 1.2345678901234568e29),
        (b"1" * 4000, None),
    ],
)
def test_what_no_database_can_keep_is_stripped(body: bytes, value: object) -> None:
    assert parse(body) == value


@pytest.mark.parametrize("body", [b"", b"{", b"query { step }", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match=r"body is not JSON|nested too deep"):
        parse(body)
