"""Chainlit 2.12 keeps its users, threads, files and thumbs with us: LITERAL_API_KEY and LITERAL_API_URL, no more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from thread_tree import as_tree

pytestmark = pytest.mark.clients

CHAINLIT = "chainlit-2.12.0"
THREAD = "6f1c2a3e-0000-4000-8000-000000000001"


def test_a_chat_is_kept_judged_found_resumed_and_deleted(
    python_client: Callable[[str], Any], project: Any, scripts: Path
) -> None:
    client = python_client(CHAINLIT)
    assert client.run(scripts / "chainlit_talk.py", THREAD, **project.variables) == {
        "layer": "LiteralDataLayer",
        "user": ["ada", {"provider": "credentials", "seen": 2}, True],
        "author": "ada",
        "resumed": ["The sheet", ["paper"], {"mood": "fine"}, True],
        "outputs": [
            ["user_message", "what is on the sheet?", False],
            ["run", "", False],
            ["tool", "42", False],
            ["tool", "too thick", True],
            ["assistant_message", "It says forty-two", False],
        ],
        "feedback": {"value": 1, "comment": "thanks"},
        "element": ["sheet.txt", "text/plain", "file", "inline", THREAD, "forty-two"],
        "found": [["The sheet"], ["The sheet"]],
        "not found": [[], []],
        "debug url": "logs/threads/[thread_id]?currentStepId=[step_id]",
    }
    assert as_tree(project.steps(THREAD)) == (
        "user_message ada: what is on the sheet?\n"
        "run agent\n"
        '  tool read_sheet(content={ "file": "sheet.txt" }): 42\n'
        "  tool tear_sheet(): too thick ERROR too thick\n"
        "  assistant_message bot: It says forty-two"
    )
    assert client.run(scripts / "chainlit_delete.py", THREAD, **project.variables) == {
        "steps gone": 1,
        "feedback": [],
        "elements": [],
        "element": None,
        "thread": None,
    }
    assert project.ask("{ threads { totalCount } steps { totalCount } scores { totalCount } }") == {
        "threads": {"totalCount": 0},
        "steps": {"totalCount": 0},
        "scores": {"totalCount": 0},
    }
