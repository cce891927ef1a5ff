"""Arithmetic: right where it is arithmetic, refused at once where it is a bomb."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.arithmetic import MAX_CHARS, MAX_DIGITS, ArithmeticRefused, evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 * (3 + 4) ** 2", 98),
        (" -7 // 2 ", -4),
        ("7 % 4 - +1", 2),
        ("sqrt(16) + abs(-2)", 6),
        ("max(1, 2, 3) * pi", 3 * math.pi),
        ("round(2.567, 2)", 2.57),
        ("round(2.5)", 2),
        ("factorial(20)", math.factorial(20)),
        ("10 ** 999", 10**999),
        ("2 ** -1", 0.5),
        ("(-1) ** (10 ** 900)", 1),
        ("1e3 / 4", 250),
        ("(" * 140 + "1" + ")" * 140, 1),
        ("-" * 298 + "1", 1),
    ],
)
def test_arithmetic_is_computed(expression, value):
    assert evaluate(expression) == pytest.approx(value) if isinstance(value, float) else evaluate(expression) == value


BOMBS = [
    ("9**9**9", "more than 1000 digits"),
    ("10**1001", "more than 1000 digits"),
    ("(10**999) * (10**999)", "more than 1000 digits"),
    ("factorial(10**9)", "too large"),
    ("factorial(factorial(9))", "too large"),
    ("round(1, -10**9)", "can't round"),
    ("'a' * 10**10", "not a number"),
    ("[0] * 10**10", "no List"),
    ("[x for x in range(10**9)]", "no ListComp"),
    ("().__class__.__bases__", "no Attribute"),
    ("__import__('os')", "'__import__' is not known"),
    ("exit()", "'exit' is not known"),
    ("(lambda: 1)()", "by their name"),
    ("max(lambda: 1)", "no Lambda"),
    ("f'{1:1000000000}'", "no JoinedStr"),
    ("'%1000000000d' % 1", "not a number"),
    ("1 << 10**9", "no LShift"),
    ("1 if 1 else 2", "no IfExp"),
    ("x := 5", "no arithmetic"),
    ("max(1, key=2)", "no keyword"),
    ("sqrt", "not a number"),
    ("True + 1", "not a number"),
    ("1j * 1j", "not a number"),
    ("(-8) ** 0.5", "not a number"),
    ("1 / 0", "division by zero"),
    ("1e308 * 10", "too large"),
    ("exp(1000)", "too large"),
    ("10 ** 999 / 1.5", "too large"),
    ("sqrt(-1)", "math domain error"),
    ("1 +", "no arithmetic"),
    ("", "no arithmetic"),
    ("\0", "no arithmetic"),
    ("1" * (MAX_CHARS + 1), "longer than"),
]


@pytest.mark.parametrize(("expression", "reason"), BOMBS, ids=[bomb[:30] for bomb, _ in BOMBS])
def test_whatever_is_no_arithmetic_or_too_much_of_it_is_refused_with_a_reason(expression, reason):
    """Computing any of the large ones would hang the test: that it ends is the proof that it was refused early."""
    with pytest.raises(ArithmeticRefused, match=reason):
        evaluate(expression)


PIECES = (
    *("9", "99999", "0", "1.5", "1e300", "1e-300", "(", ")", "+", "-", "*", "/", "//", "%", "**", ",", " "),
    *("pi", "e", "x", "round(", "factorial(", "exp(", "log(", "max(", "sqrt(", "'a'", "[", "]", ".real"),
    *("if", "for", "~", "<<", "\\", "\n"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=40))
def test_no_expression_ends_otherwise_than_with_a_number_or_a_refusal(expression):
    try:
        value = evaluate(expression)
    except ArithmeticRefused:
        pass
    else:
        assert math.isfinite(value)
        assert len(str(abs(value))) <= MAX_DIGITS + 2
