"""A conversation as lines for a terminal."""

import json
import re
from collections.abc import Callable

from replay.conversation import Conversation, TurnResult

RESULT_CHARS = 300  # of a tool's result; --json and transcripts have all of it

_COLOURS = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
_COLOUR_OF_ROLE = {"system": "dim", "user": "cyan", "tool": "yellow", "assistant": "green"}
_ROLE_WIDTH = 11
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    """Writes lines through `say`, in colours or without."""

    def __init__(self, say: Callable[[str], None], *, coloured: bool) -> None:
        self._say = say
        self._coloured = coloured

    def heading(self, conversation: Conversation, number: int, total: int) -> None:
        """A conversation begins, the number-th of total."""
        title = self._paint(f"[{number}/{total}] {harmless(conversation.name)}", "bold")
        self._say(f"{title}  {self._paint(conversation.file, 'dim')}")

    def message(self, role: str, text: str) -> None:
        """Somebody says something."""
        name = self._paint(role.ljust(_ROLE_WIDTH), _COLOUR_OF_ROLE[role])
        self._say(f"  {name}{_indented(text, 2 + _ROLE_WIDTH)}")

    def turn(self, result: TurnResult) -> None:
        """A turn was answered: its tools, the answer, how long it took, and what was not as expected."""
        for tool in result.tools:
            self.message("tool", f"{tool.name}({_arguments(tool.arguments)})\n-> {_shortened(tool.result)}")
        self.message("assistant", result.answer or "(no answer)")
        self._say(" " * (2 + _ROLE_WIDTH) + self._paint(_cost(result), "dim"))
        for unmet in result.unmet:
            self._say("  " + self._paint(f"NOT AS EXPECTED: {unmet.what}", "red"))
            self._say("    " + self._paint(f"- expected  {_indented(unmet.expected, 16)}", "green"))
            self._say("    " + self._paint(f"+ came      {_indented(unmet.got, 16)}", "red"))

    def failure(self, error: str) -> None:
        """A turn was not answered."""
        self._say("  " + self._paint(f"REQUEST FAILED: {_indented(error, 4)}", "red"))

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{_COLOURS[colour]}m{text}\033[0m" if self._coloured else text


def _cost(result: TurnResult) -> str:
    parts = [f"{result.seconds:.2f} s"]
    if result.usage and "total_tokens" in result.usage:
        parts.append(f"{result.usage['total_tokens']} tokens")
    if result.finish_reason not in {None, "stop"}:
        parts.append(f"finished by {result.finish_reason}")
    return ", ".join(parts)


def _arguments(text: str) -> str:
    """JSON arguments as a call is written; what is no JSON object as it is."""
    try:
        arguments = json.loads(text or "{}")
        return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    except (ValueError, AttributeError, RecursionError):
        return text


def _shortened(text: str) -> str:
    more = len(text) - RESULT_CHARS
    return f"{text[:RESULT_CHARS]}… ({more:,} more characters)" if more > 0 else text


def _indented(text: str, columns: int) -> str:
    return harmless(text).replace("\n", "\n" + " " * columns)


def harmless(text: str) -> str:
    """Text of models and servers must not steer the terminal: control characters are shown, not sent."""
    return _CONTROL_CHARACTERS.sub(lambda found: f"\\x{ord(found.group()):02x}", text.replace("\r\n", "\n"))
