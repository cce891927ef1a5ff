"""Every document that a release of the Python SDK ships is valid under our SDL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from review.api.executable import executable_schema

pytestmark = pytest.mark.clients

RELEASES = ("literalai-0.0.509", "literalai-0.0.629", "chainlit-2.12.0")
"""Chainlit brings 0.1.201; the release that this project itself uses is tried in tests/review/api."""


@pytest.mark.parametrize("release", RELEASES)
def test_every_document_of_a_release_is_valid(python_client: Callable[[str], Any], scripts: Path, release: str) -> None:
    documents: dict[str, str] = python_client(release).run(scripts / "documents.py")
    assert len(documents) >= 44
    faults = {name: validate(executable_schema(), parse(text)) for name, text in documents.items()}
    assert not {name: [fault.message for fault in found] for name, found in faults.items() if found}
