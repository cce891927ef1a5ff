"""One turn: what a front hands to the loop."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from agent.chat import Message
from agent.events import Event

NAME_CHARS = 80


@dataclass(frozen=True)
class Turn:
    """A checked request to answer.

    Attributes:
        thread_id: The caller's id of the conversation.
        messages: The history, as `agent.messages` returns it; the last one is the user's.
        name: The thread's name; by default its first question.
        user_id: Who asks; Literal calls it the participant.
        tags: The thread's tags; None leaves those it has.
        metadata: The thread's metadata; None leaves what it has.
    """

    thread_id: str
    messages: list[Message]
    name: str | None = None
    user_id: str | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None

    @property
    def question(self) -> str:
        """The text of the last message."""
        return text_of(self.messages[-1])

    @property
    def title(self) -> str:
        """The thread's name: the given one, else its first question on one line."""
        if self.name:
            return self.name
        first = next(message for message in self.messages if message["role"] == "user")
        line = " ".join(text_of(first).split())
        return line if len(line) <= NAME_CHARS else line[: NAME_CHARS - 1] + "…"


Answer = Callable[[Turn], AsyncIterator[Event]]
"""What answers a turn: the loop, wrapped or not. The last event is `TurnDone`."""


def text_of(message: Message) -> str:
    """The text of a message's content, whose parts may also be images and the like."""
    content: str | list[dict[str, Any]] | None = message.get("content")
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part.get("type") == "text")
    return content or ""
