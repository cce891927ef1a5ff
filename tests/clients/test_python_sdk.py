"""Programs written for the old cloud run with old releases of the SDK; only LITERAL_API_URL and the key are ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from thread_tree import as_tree

pytestmark = pytest.mark.clients

RELEASES = ("literalai-0.0.509", "literalai-0.0.629", "chainlit-2.12.0", "ours")
"""The vendor's stated floor, the last of the 0.0.6 line, 0.1.201 as Chainlit pins it, and the last of all."""


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Each of them."""
    return request.param


@pytest.fixture
def run(release: str, python_client: Callable[[str], Any], project: Any, scripts: Path) -> Callable[[str], Any]:
    """Runs a program with a release of the SDK, against an empty project."""
    client = python_client(release)
    return lambda script: client.run(scripts / script, **project.variables)


def test_a_decorated_program_becomes_a_thread_that_can_be_read_judged_and_listed(
    run: Callable[[str], Any], project: Any, release: str
) -> None:
    assert run("record.py") == {
        "user": ["ada", {"role": "admin"}, True],
        "thread": ["Weather", ["demo"], {"day": 1}, True],
        "below the run": ["get_weather", "gpt"],
        "generation": ["ChatGeneration", {"temperature": 0.5}],
        "score": [1, "cold"],
        "batch of scores": [["right", 0.5], ["kind", 0.5]],
        "list": ["a thread of any name", "ada"],
        "generations": ["gpt", 42],
        "users": ["ada", {"role": "admin"}],
        "scores": [0.5],
        "a step alone": ["alone", {"q": 1}, ["b"], None],
        "a thread alone": ["passing", ["x"], "bob", None],
    }
    city, nothing = ("args=['sf'], kwargs={}", "args=[], kwargs={}") if "0.0.509" in release else ("city=sf", "")
    assert as_tree(project.steps("a thread of any name")) == (
        "user_message ada: weather in sf?\n"
        "run agent\n"
        "  llm gpt: I look it up\n"
        f"  tool get_weather({city}): sunny in sf\n"
        f"tool get_news({nothing}): None ERROR no paper today\n"
        "assistant_message bot: sunny in sf"
    )


def test_files_are_sent_opened_renamed_and_deleted(run: Callable[[str], Any]) -> None:
    assert run("files.py") == {
        "made": ["paper.bin", "application/octet-stream", {"page": 1}, "with files", True, True],
        "linked": "https://elsewhere.test/a.png",
        "opened": True,
        "found": ["renamed.bin", {"page": 1}, True],
        "of the step": ["renamed.bin"],
        "deleted": None,
    }


def test_datasets_are_filled_and_experiments_logged(run: Callable[[str], Any]) -> None:
    assert run("evaluate.py") == {
        "found": [True, "of cities", {"v": 1}, "key_value", 2],
        "of the step": [{"question": "weather?"}, {"answer": "sunny"}, ["gpt"]],
        "of the generation": [{"messages": [{"role": "user", "content": "weather?"}]}, "sunny"],
        "experiment": ["first try", {"model": "gpt"}, [1, 0]],
        "logged": [{"question": "rain?"}, {"answer": "no"}],
        "left": [1, None],
    }


def test_prompts_are_saved_once_fetched_and_filled_in(run: Callable[[str], Any]) -> None:
    assert run("prompt.py") == {
        "versions": [0, 0, 1, True],
        "by version": True,
        "by id": ["greeting", 0, "openai", "gpt"],
        "filled in": ["system", "Speak of fog"],
    }
