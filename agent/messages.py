"""Checks a caller's message history, and makes it what the Chat Completions API takes.

Clients send what their SDK dumped: keys set to null, `refusal`, `annotations`, `audio`. These are dropped. What the
provider would refuse is refused here, with the index of the message and a sentence.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from agent.chat import Message
from agent.json_types import is_object


class InvalidHistory(ValueError):
    """A history no model can be asked with. `index` is the offending message's, None when it is the whole."""

    def __init__(self, index: int | None, reason: str) -> None:
        super().__init__(reason if index is None else f"message {index}: {reason}")
        self.index = index
        self.reason = reason


class _Known(BaseModel):
    """Strict in what it knows, deaf to the rest."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Text(_Known):
    type: Literal["text"]
    text: str


class _Refusal(_Known):
    type: Literal["refusal"]
    refusal: str


class _ImageUrl(_Known):
    url: str
    detail: Literal["auto", "low", "high"] | None = None


class _Image(_Known):
    type: Literal["image_url"]
    image_url: _ImageUrl


class _Sound(_Known):
    data: str
    format: str


class _Audio(_Known):
    type: Literal["input_audio"]
    input_audio: _Sound


class _FileData(_Known):
    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


class _File(_Known):
    type: Literal["file"]
    file: _FileData


def _form(content: Any) -> str | None:
    return "text" if isinstance(content, str) else "parts" if isinstance(content, list) else None


_FORM = Discriminator(
    _form, custom_error_type="content", custom_error_message="Content should be a string or a list of parts"
)
_AsText: TypeAlias = Annotated[str, Tag("text")]
_Told: TypeAlias = Annotated[_AsText | Annotated[list[_Text], Field(min_length=1), Tag("parts")], _FORM]
_UserPart: TypeAlias = Annotated[_Text | _Image | _Audio | _File, Field(discriminator="type")]
_Asked: TypeAlias = Annotated[_AsText | Annotated[list[_UserPart], Field(min_length=1), Tag("parts")], _FORM]
_SaidPart: TypeAlias = Annotated[_Text | _Refusal, Field(discriminator="type")]
_Said: TypeAlias = Annotated[_AsText | Annotated[list[_SaidPart], Field(min_length=1), Tag("parts")], _FORM]


class _Instructions(_Known):
    role: Literal["system", "developer"]
    content: _Told
    name: str | None = None


class _User(_Known):
    role: Literal["user"]
    content: _Asked
    name: str | None = None


class _Function(_Known):
    name: str = Field(min_length=1)
    arguments: str


class _Call(_Known):
    id: str = Field(min_length=1)
    type: Literal["function"] = "function"
    function: _Function


class _Assistant(_Known):
    role: Literal["assistant"]
    content: _Said | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    name: str | None = None


class _ToolAnswer(_Known):
    role: Literal["tool"]
    content: _Told
    tool_call_id: str = Field(min_length=1)


_ROLES: dict[str, type[_Known]] = {
    "system": _Instructions,
    "developer": _Instructions,
    "user": _User,
    "assistant": _Assistant,
    "tool": _ToolAnswer,
}


def validate_history(history: Sequence[Any]) -> list[Message]:
    """The history as plain JSON that the API takes; nothing of the argument is changed.

    Raises:
        InvalidHistory: it is empty, does not end with the user, or holds a message the API would refuse.
    """
    if not history:
        raise InvalidHistory(None, "There is no message.")
    messages = [_validate(index, message) for index, message in enumerate(history)]
    _check_pairs(messages)
    if messages[-1]["role"] != "user":
        raise InvalidHistory(len(messages) - 1, "The last message must be the user's.")
    return messages


def _validate(index: int, message: Any) -> Message:
    if not is_object(message):
        raise InvalidHistory(index, "A message is an object with role and content.")
    given: Message = {key: value for key, value in message.items() if value is not None}
    role = given.get("role")
    kind = _ROLES.get(role) if isinstance(role, str) else None
    if kind is None:
        raise InvalidHistory(index, f"Unknown role {role!r:.50}; known are {', '.join(_ROLES)}.")
    if "function_call" in given:
        raise InvalidHistory(index, "function_call is the API's old form; use tool_calls.")
    try:
        known = kind.model_validate(given).model_dump(exclude_none=True)
    except ValidationError as error:
        raise InvalidHistory(index, _sentence(error)) from None
    try:
        orjson.dumps(known)
    except orjson.JSONEncodeError:  # strings are all there is to fail: half a surrogate pair can't be sent on
        raise InvalidHistory(index, "A text in it is no valid Unicode.") from None
    return _assistant(index, known) if role == "assistant" else known


def _assistant(index: int, message: Message) -> Message:
    """The API wants an assistant to have said or called something, and no empty list of calls."""
    if not message.get("tool_calls"):
        message.pop("tool_calls", None)
        if "content" not in message and "refusal" not in message:
            raise InvalidHistory(index, "An assistant message needs content or tool_calls.")
    return {"role": "assistant", "content": None} | message


def _sentence(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, _place(fault['loc'])))}: {fault['msg']}" for fault in faults) + "."


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where the caller finds it: pydantic also names the alternative it took of a union."""
    match location:
        case ("content", _form, part, _kind, field, *rest):
            return ("content", part, field, *rest)
        case ("content", _form, *rest):
            return ("content", *rest)
        case _:
            return location


def _check_pairs(messages: list[Message]) -> None:
    """Results follow their calls at once, one for each: the API refuses anything else."""
    calling, missing = 0, set[str]()
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            call_id = message["tool_call_id"]
            if call_id not in missing:
                raise InvalidHistory(index, f"A result of call {call_id!r}, which the messages before don't make.")
            missing.remove(call_id)
            continue
        if missing:
            raise InvalidHistory(calling, f"No result follows for call {min(missing)!r}.")
        called = [call["id"] for call in message.get("tool_calls", ())]
        calling, missing = index, set(called)
        if len(missing) < len(called):
            raise InvalidHistory(index, "Two calls have the same id.")
    if missing:
        raise InvalidHistory(calling, f"No result follows for call {min(missing)!r}.")
