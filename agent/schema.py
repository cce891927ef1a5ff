"""A typed function → the JSON schema a model is shown, and the check of the arguments it sends.

Pydantic does the work: annotations, `Literal`, enums, `Annotated[…, Field(…)]` and defaults mean what they mean there.
The docstring's `Args:` describes the parameters that have no description of their own.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from agent.docstring import read_docstring

T = TypeVar("T")


class _Given:
    """Marks a parameter the model neither sees nor fills."""


GIVEN = _Given()
Given = Annotated[T, GIVEN]
"""`weather: Given[Weather]`: filled from what the toolkit was given for `Weather`, not by the model."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a tool takes: `parameters` is the JSON schema, `given` names the parameters filled from the toolkit."""

    description: str
    parameters: dict[str, Any]
    given: dict[str, Any]
    _model: type[BaseModel]

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments as the function's own types.

        Raises:
            pydantic.ValidationError: wrong, missing or unknown arguments.
        """
        checked = self._model.model_validate(arguments)
        return {field.alias or name: getattr(checked, name) for name, field in type(checked).model_fields.items()}


def signature_of(function: Callable[..., Any]) -> Signature:
    """Read a function's signature, annotations and docstring.

    Raises:
        TypeError: a parameter without a type, or one that can't be filled by name. Raised where the tool is declared.
    """
    description, described = read_docstring(function)
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"tool {function.__name__}: parameter {name} can't be filled by name")
        if name not in hints:
            raise TypeError(f"tool {function.__name__}: parameter {name} has no type")
        if _is_given(hints[name]):
            given[name] = get_args(hints[name])[0]
        else:
            # Fields are called by their place, and by the parameter's name only outside: `copy` or `_x` is then fine.
            fields[f"argument_{len(fields)}"] = (hints[name], _field(name, parameter, hints[name], described))
    model = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    parameters: dict[str, Any] = {"properties": dict[str, Any]()} | model.model_json_schema(
        schema_generator=_WithoutTitles
    )
    parameters.pop("title")
    return Signature(description, parameters, given, model)


def _is_given(hint: Any) -> bool:
    return get_origin(hint) is Annotated and any(isinstance(extra, _Given) for extra in get_args(hint)[1:])


def _field(name: str, parameter: inspect.Parameter, hint: Any, described: dict[str, str]) -> Any:
    more: dict[str, Any] = {"alias": name}
    if parameter.default is not parameter.empty:
        more["default"] = parameter.default
    own = (
        [extra for extra in get_args(hint)[1:] if isinstance(extra, FieldInfo)] if get_origin(hint) is Annotated else []
    )
    if name in described and not any(field.description for field in own):
        more["description"] = described[name]
    return Field(**more)


class _WithoutTitles(GenerateJsonSchema):
    """Pydantic's titles repeat the names; a model pays tokens for them."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False
