"""What the list of generations can be filtered and sorted by (literal-api.md §3.4, §3.5). Its rows are steps."""

from typing import Final

from sqlalchemy import ColumnElement, and_, exists

from review.store.filters import STEPS, Field, Listing
from review.store.tables import prompt_lineage, prompt_version, step, thread
from review.store.totals import TOKENS


def _in_its_prompt(condition: ColumnElement[bool], _path: str | None) -> ColumnElement[bool]:
    """The version of a prompt that the generation was made from, or the version's lineage, is so."""
    of_generation = and_(
        prompt_version.c.project_id == step.c.project_id, prompt_version.c.id == step.c.generation_prompt_id
    )
    of_version = and_(
        prompt_lineage.c.project_id == step.c.project_id, prompt_lineage.c.id == prompt_version.c.lineage_id
    )
    return exists().where(of_generation, of_version, condition).correlate(step)


GENERATIONS: Final = Listing(
    noun="generations",
    id=step.c.id,
    fields={
        "id": STEPS.fields["id"],
        "createdAt": STEPS.fields["createdAt"],
        "error": STEPS.fields["error"],
        "provider": Field("string", [step.c.generation_provider]),
        "model": Field("string", [step.c.generation_model]),
        "promptLineage": Field("string", [prompt_lineage.c.name], _in_its_prompt),
        "promptVersion": Field("number", [prompt_version.c.version], _in_its_prompt),
        "duration": Field("number", [step.c.generation_duration]),
        "score": STEPS.fields["scoreValue"],
        "tokenCount": Field("number", [TOKENS]),
        "tags": STEPS.fields["tags"],
        "participant": STEPS.fields["participantIdentifiers"],
    },
    columns={
        "createdAt": (step.c.created_at, False),
        "tokenCount": (TOKENS, True),
        "duration": (step.c.generation_duration, True),
        "model": (step.c.generation_model, True),
        "provider": (step.c.generation_provider, True),
        "participant": (thread.c.participant_identifier, True),
    },
)
