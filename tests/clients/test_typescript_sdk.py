"""A program of the TypeScript SDK's last release, which is told nothing but where we are."""

from pathlib import Path
from typing import Any

import pytest
from thread_tree import as_tree

pytestmark = pytest.mark.clients


def test_a_wrapped_program_is_recorded_judged_and_evaluated(node_client: Any, project: Any, scripts: Path) -> None:
    saw = node_client.run(scripts / "record.cjs", **project.variables)
    thread_id = saw.pop("thread")
    assert saw == {
        "read": ["Weather", ["demo"], {"day": 1}, "ada"],
        "below the run": ["gpt", "get_weather"],
        "environment": True,
        "attachment": ["map.bin", "image/png", True],
        "opened": [0, 255, 7],
        "resent": [["resent"], True, True, 42],
        "scores": [["right", 1, "me"], ["kind", 0.5, "me"]],
        "changed": [0, "no"],
        "found": ["Weather"],
        "generations": [[True, "gpt"]],
        "of the step": [{"city": "sf"}, {"answer": "sunny"}, ["gpt", "get_weather"]],
        "of the generation": ["CHAT", "I look it up"],
        "logged": [{"answer": "no"}, True],
        "prompt": [True, 0, "Speak of fog"],
        "rollouts": [{"version": 0, "rollout": 100}],
        "never sent": [None, None, None],
    }
    assert as_tree(project.steps(thread_id)) == (
        "user_message ada: weather in sf?\n"
        "run agent\n"
        "  llm gpt: I look it up\n"
        "  tool get_weather(city=sf): sunny\n"
        "assistant_message bot: sunny"
    )
