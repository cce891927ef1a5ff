"""Agent frameworks that our own client records, through the callbacks the SDK brings for them."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_environments import ROOT
from thread_tree import as_tree

pytestmark = pytest.mark.clients

LANGCHAIN = "langchain-0.3.30"
OPENAI_AGENTS = "openai-agents-0.24.0"
EVERYTHING = {"delivered": True, "lost": {}}


@pytest.fixture
def record(python_client: Callable[[str], Any], project: Any, scripts: Path, tmp_path: Path) -> Callable[..., Any]:
    """Runs a program that has our client beside a framework."""

    def run(name: str, script: str) -> Any:
        ours = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path / "data")}
        return python_client(name).run(scripts / script, **ours, **project.variables)

    return run


def test_a_langchain_agent_becomes_a_tree_of_steps(record: Callable[..., Any], project: Any) -> None:
    assert record(LANGCHAIN, "langchain_agent.py") == EVERYTHING
    for city in ("sf", "rome", "oslo"):
        assert as_tree(project.steps(city)) == (
            f"user_message ada: weather in {city}?\n"
            "run agent\n"
            f'  llm GenericFakeChatModel → get_weather({{"city": "{city}"}})\n'
            f"  tool get_weather(input={{'city': '{city}'}}): None\n"
            f"  llm GenericFakeChatModel: It is sunny in {city}.\n"
            f"assistant_message bot: It is sunny in {city}."
        )
    assert as_tree(project.steps("atlantis")) == (
        "user_message ada: weather in atlantis?\n"
        "run agent ERROR no such city\n"
        '  llm GenericFakeChatModel → get_weather({"city": "atlantis"})\n'
        "  tool get_weather(input={'city': 'atlantis'}): None ERROR no such city"
    )
    steps = {step["type"]: step for step in project.steps("sf")}
    assert steps["tool"]["output"]["output"]["content"] == "sunny in sf"
    assert [message["role"] for message in steps["llm"]["generation"]["messages"]] == ["user", "assistant", "tool"]
    assert steps["llm"]["generation"]["tokenCount"] == 25


def test_a_failing_tool_of_langchain_waits_for_no_server(python_client: Callable[[str], Any], scripts: Path) -> None:
    """The SDK's callback flushes in the caller on every error; here that would last an hour."""
    hour = {"DELIVERY_SECONDS": "3600", "DELIVERY_STOP_SECONDS": "3600"}
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        url = f"http://127.0.0.1:{never_answers.getsockname()[1]}"
        there = {"LITERAL_API_URL": url, "LITERAL_API_KEY": "key", "PYTHONPATH": str(ROOT)}
        said = python_client(LANGCHAIN).run(scripts / "langchain_failure.py", **there, **hour)
    assert said == {"sync": "no such city", "async": "no such city"}


def test_an_agent_of_openais_agents_sdk_becomes_a_tree_of_steps(record: Callable[..., Any], project: Any) -> None:
    assert record(OPENAI_AGENTS, "openai_agents_agent.py") == EVERYTHING
    assert as_tree(project.steps("sf")) == (
        "user_message ada: weather in sf?\n"
        "run Agent workflow\n"
        "  undefined Agent workflow: None\n"
        "    run forecaster\n"
        "      undefined turn: None\n"
        "        llm generation\n"
        '        tool get_weather(content={"city": "sf"}): sunny in sf\n'
        "      undefined turn: None\n"
        "        llm generation\n"
        "assistant_message bot: It is sunny."
    )
    [first, second] = [step["generation"] for step in project.steps("sf") if step["type"] == "llm"]
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert (second["model"], second["tokenCount"]) == ("gpt", 25)
