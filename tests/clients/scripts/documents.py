"""Prints every GraphQL document that the installed Python SDK can send, by name."""

import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator

HELPERS = "literalai.api.helpers" if importlib.util.find_spec("literalai.api.helpers") else "literalai.api"
"""Where they were before 0.1.0, and are since."""


def documents() -> Iterator[tuple[str, str]]:
    gql = importlib.import_module(f"{HELPERS}.gql")
    scores = importlib.import_module(f"{HELPERS}.score_helpers")
    for name, text in vars(gql).items():
        if isinstance(text, str) and re.match(r"\s*(query|mutation)", text):
            yield name, text
    for size in (1, 5, 512):
        yield f"steps_{size}", gql.steps_query_builder([{}] * size)
    for size in (1, 3):
        yield f"scores_{size}", scores.create_scores_query_builder([{}] * size)


json.dump(dict(documents()), sys.stdout)
