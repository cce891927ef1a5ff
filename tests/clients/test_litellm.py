"""LiteLLM's own callback reports its calls to us, in batches as it makes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.clients

LITELLM = "litellm-1.106.2"


@pytest.mark.parametrize(("way", "calls"), [("sync", 514), ("async", 512)])
def test_a_whole_batch_of_calls_is_stored(
    python_client: Callable[[str], Any], project: Any, scripts: Path, way: str, calls: int
) -> None:
    """512 wait for each other by default; the synchronous callback then sends them all again with every further one."""
    said = python_client(LITELLM).run(scripts / "litellm_batches.py", way, str(calls), **project.variables)
    assert said == {"errors": []}
    steps = {step["id"]: step for step in project.steps("proxy")}
    assert steps.keys() == {f"call {number}" for number in range(calls)}
    first = steps["call 0"]
    assert (first["type"], first["name"], first["tags"]) == ("llm", "gpt-4o-mini", ["proxy"])
    assert first["generation"]["model"] == "gpt-4o-mini"
    assert first["generation"]["messages"] == [{"role": "user", "content": "question 0"}]
    assert first["generation"]["messageCompletion"]["content"] == "answer 0"
    assert first["generation"]["tokenCount"] == 30
    assert first["endTime"] >= first["startTime"]
    assert "RateLimitError" in steps["call 3"]["error"]
