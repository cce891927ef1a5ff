"""Arithmetic from text, with limits that make every expression quick to compute or quick to refuse.

simpleeval walks the syntax tree; there is no `eval`. Its own limits let numbers grow to millions of digits, so the
operators here are our own: every result is kept below `MAX_DIGITS` digits before it is computed.
"""

import ast
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from simpleeval import FunctionNotDefined, NameNotDefined, SimpleEval

MAX_CHARS = 300
MAX_DIGITS = 1000

Number: TypeAlias = int | float


class ArithmeticRefused(ValueError):
    """An expression that is no arithmetic, or that would take too long."""


def evaluate(expression: str) -> Number:
    """The value of an arithmetic expression, within milliseconds.

    Raises:
        ArithmeticRefused: with a sentence that says why.
    """
    if len(expression) > MAX_CHARS:
        raise ArithmeticRefused(f"the expression is longer than {MAX_CHARS} characters")
    try:
        tree = _parsed(expression)
        return _number(SimpleEval(_OPERATORS, _FUNCTIONS, _CONSTANTS).eval(expression, tree.body))
    except (FunctionNotDefined, NameNotDefined) as error:
        name = error.func_name if isinstance(error, FunctionNotDefined) else error.name
        raise ArithmeticRefused(f"{name!r} is not known; known are {', '.join(_FUNCTIONS | _CONSTANTS)}") from None
    except (RecursionError, MemoryError):
        raise ArithmeticRefused("the expression is nested too deeply") from None
    except ZeroDivisionError:
        raise ArithmeticRefused("division by zero") from None
    except OverflowError:
        raise ArithmeticRefused("the result is too large") from None
    except (TypeError, ValueError) as error:
        raise ArithmeticRefused(str(error)) from None


def _parsed(expression: str) -> ast.Expression:
    """The syntax tree, when there is nothing in it but arithmetic."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        raise ArithmeticRefused("this is no arithmetic expression") from None
    for node in ast.walk(tree):
        if not isinstance(node, _ARITHMETIC):
            raise ArithmeticRefused(f"only numbers, operators and functions are allowed, no {type(node).__name__}")
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Name):
            raise ArithmeticRefused("only functions can be called, by their name")
    return tree


def _number(value: Any) -> Number:
    """The value, if it is a real number of a bearable size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArithmeticRefused("the result is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ArithmeticRefused("the result is too large")
    return value


def _digits(value: Number) -> int:
    return int(value.bit_length() * math.log10(2)) + 1 if isinstance(value, int) else 0


def _limited(compute: Callable[[Any, Any], Any], digits: Callable[[int, int], float]) -> Callable[[Any, Any], Any]:
    """The operator for numbers only, and only when its result will not be too long."""

    def operate(left: Any, right: Any) -> Any:
        left, right = _number(left), _number(right)
        if isinstance(left, int) and isinstance(right, int) and digits(left, right) > MAX_DIGITS:
            raise ArithmeticRefused(f"the result has more than {MAX_DIGITS} digits")
        return _number(compute(left, right))

    return operate


def _longer(left: int, right: int) -> int:
    return max(_digits(left), _digits(right))


def _power(base: int, exponent: int) -> float:
    return math.log10(abs(base)) * exponent if abs(base) > 1 else 1


def _of_numbers(compute: Callable[..., Any]) -> Callable[..., Any]:
    def operate(*values: Any) -> Any:
        return _number(compute(*(_number(value) for value in values)))

    return operate


def _negated(value: Any) -> Number:
    return -_number(value)


def _factorial(value: int) -> int:
    most = 400  # 869 digits
    if value > most:
        raise ArithmeticRefused(f"the factorial of more than {most} is too large")
    return math.factorial(value)


def _round(value: Number, digits: int = 0) -> Number:
    if abs(digits) > MAX_DIGITS:  # round(1, -10**9) would first compute 10**10**9
        raise ArithmeticRefused(f"can't round to more than {MAX_DIGITS} digits")
    return round(value, digits) if digits else round(value)


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _limited(lambda left, right: left + right, _longer),
    ast.Sub: _limited(lambda left, right: left - right, _longer),
    ast.Mult: _limited(lambda left, right: left * right, lambda left, right: _digits(left) + _digits(right) - 1),
    ast.Div: _limited(lambda left, right: left / right, _longer),
    ast.FloorDiv: _limited(lambda left, right: left // right, _longer),
    ast.Mod: _limited(lambda left, right: left % right, _longer),
    ast.Pow: _limited(lambda left, right: left**right, _power),
    ast.USub: _negated,
    ast.UAdd: _number,
}

_ARITHMETIC = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load),
    *_OPERATORS,
)

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": _of_numbers(abs),
    "round": _of_numbers(_round),
    "min": _of_numbers(min),
    "max": _of_numbers(max),
    "factorial": _of_numbers(_factorial),
} | {
    function.__name__: _of_numbers(function)
    for function in (
        *(math.sqrt, math.exp, math.log, math.log2, math.log10, math.floor, math.ceil),
        *(math.sin, math.cos, math.tan, math.asin, math.acos, math.atan, math.degrees, math.radians),
    )
}

_CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e}
