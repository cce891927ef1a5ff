"""Holds one conversation as a script says, and compares what came with what the script expects."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from replay.connection import Connection, JsonObject, Message, Reply, RequestFailedError
from replay.scripts import Expect, Script, Turn


@dataclass(frozen=True)
class ToolUse:
    """A tool call; arguments and result are the text that the model wrote and read."""

    name: str
    arguments: str
    result: str


@dataclass(frozen=True)
class Unmet:
    """An expectation, and what came instead."""

    what: str
    expected: str
    got: str


@dataclass(frozen=True)
class TurnResult:
    """What came of one turn."""

    user: str
    answer: str
    tools: list[ToolUse]
    finish_reason: str | None
    usage: dict[str, Any] | None
    seconds: float
    unmet: list[Unmet]


@dataclass
class Conversation:
    """What came of a script so far."""

    name: str
    file: str
    thread_id: str
    review_url: str | None = None
    error: str | None = None
    turns: list[TurnResult] = field(default_factory=list[TurnResult])
    message_history: list[JsonObject] = field(default_factory=list[JsonObject])

    @property
    def ok(self) -> bool:
        """Every request was answered and every expectation met."""
        return self.error is None and not any(turn.unmet for turn in self.turns)

    def as_json(self) -> str:
        """One line, as `--json` prints it and a transcript keeps it."""
        return json.dumps({"ok": self.ok} | asdict(self), ensure_ascii=False)


class Audience(Protocol):
    """Who is told what happens, while it happens."""

    def message(self, role: str, text: str) -> None:
        """Somebody says something."""
        ...

    def turn(self, result: TurnResult) -> None:
        """A turn was answered."""
        ...

    def failure(self, error: str) -> None:
        """A turn was not answered."""
        ...


def hold(script: Script, conversation: Conversation, connection: Connection, audience: Audience) -> None:
    """Plays the script into `conversation`; a request that fails ends it, an unmet expectation does not."""
    about = {"name": script.name, "tags": script.tags, "metadata": script.metadata, "user_id": script.user}
    thread = {"thread_id": conversation.thread_id} | {key: value for key, value in about.items() if value is not None}
    if script.system:
        conversation.message_history = [{"role": "system", "content": script.system}]
        audience.message("system", script.system)
    for turn in script.turns:
        audience.message("user", turn.user)
        messages = [*conversation.message_history, {"role": "user", "content": turn.user}]
        started = time.perf_counter()
        try:
            reply = connection.process({"message_history": messages, **thread})
        except RequestFailedError as error:
            conversation.error = str(error)
            audience.failure(conversation.error)
            return
        result = _result(turn, reply, seconds=round(time.perf_counter() - started, 3))
        conversation.turns.append(result)
        conversation.review_url = reply.review_url
        conversation.message_history = reply.message_history
        audience.turn(result)


def _result(turn: Turn, reply: Reply, *, seconds: float) -> TurnResult:
    new = _since_last_user(reply.messages)
    answer = new[-1].text if new and new[-1].role == "assistant" else ""
    tools = list(_tools_used(new))
    return TurnResult(
        user=turn.user,
        answer=answer,
        tools=tools,
        finish_reason=reply.finish_reason,
        usage=reply.usage,
        seconds=seconds,
        unmet=list(_unmet(turn.expect, answer, [tool.name for tool in tools], reply.finish_reason, seconds)),
    )


def _unmet(expect: Expect, answer: str, tools: list[str], finish_reason: str | None, seconds: float) -> Iterator[Unmet]:
    # Which tools, not how often nor in which order: that differs between models that are all right.
    if expect.tools is not None and set(expect.tools) != set(tools):
        yield Unmet("tools", _names(expect.tools), _names(tools))
    for text in expect.contains or []:
        if text.casefold() not in answer.casefold():
            yield Unmet("contains", text, answer or "no answer")
    if expect.finish_reason is not None and expect.finish_reason != finish_reason:
        yield Unmet("finish_reason", expect.finish_reason, finish_reason or "none")
    if expect.max_seconds is not None and seconds > expect.max_seconds:
        yield Unmet("max_seconds", f"at most {expect.max_seconds:g} s", f"{seconds:.2f} s")


def _names(tools: list[str]) -> str:
    return ", ".join(dict.fromkeys(tools)) or "no tool"


def _since_last_user(messages: list[Message]) -> list[Message]:
    """The new messages of a turn, also when the server tidied or shortened what came before."""
    last_user = max((index for index, message in enumerate(messages) if message.role == "user"), default=-1)
    return messages[last_user + 1 :]


def _tools_used(messages: list[Message]) -> Iterator[ToolUse]:
    results = {message.tool_call_id: message.text for message in messages if message.role == "tool"}
    for message in messages:
        for call in message.tool_calls or []:
            yield ToolUse(call.function.name, call.function.arguments, results.get(call.id, ""))
