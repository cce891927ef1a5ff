"""Resolvers of scores: judgements of steps, made by people, code or models."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from review.api.access import Info
from review.api.connection import Connection, connection, page_request
from review.api.selection import selects
from review.errors import Refused
from review.ingest.coerce import decimal, text
from review.ingest.literal import SCORE_TYPES, required_id, score_update
from review.records import UNSET, Filter, Page, PageRequest, Score, Step
from review.store import Connection as Database
from review.store import reads, score_list, scores

query = QueryType()
mutation = MutationType()
score_type = ObjectType("Score")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOfStep(Score):
    """A score of a list, with the step it judges, since all steps of a page are read together."""

    step: Step | None


@query.field("scores")
async def resolve_scores(_: object, info: Info, **arguments: Any) -> Connection[Score]:
    """A page of scores."""
    caller = info.context
    page = await caller.store.read(
        _read_page,
        caller.project_id,
        page_request(arguments),
        count=selects(info, "totalCount"),
        with_steps=selects(info, "edges", "node", "step"),
    )
    return connection(page, lambda score: score)


@mutation.field("createScore")
async def resolve_create_score(_: object, info: Info, **arguments: Any) -> Score:
    """A new score; another of the same name may stand beside it."""
    caller = info.context
    update = score_update(arguments)
    if update.type is None:
        raise Refused(f"type: must be one of {', '.join(SCORE_TYPES)}")
    if update.value is None:
        raise Refused("value: must be a finite number")
    if update.step_id is None and update.dataset_experiment_item_id is None:
        raise Refused("stepId, datasetExperimentItemId: one of them must be given")
    [score] = await caller.store.write(
        scores.create_scores, caller.project_id, [replace(update, id=None)], now=caller.now
    )
    return score


@mutation.field("updateScore")
async def resolve_update_score(_: object, info: Info, **arguments: Any) -> Score:
    """Changes the value; an absent comment stays, a null one is cleared, as Chainlit does on purpose."""
    caller = info.context
    value = decimal(arguments["value"])
    if value is None:
        raise Refused("value: must be a finite number")
    return await caller.store.write(
        scores.update_score,
        caller.project_id,
        arguments["id"],
        value=value,
        comment=text(arguments["comment"]) if "comment" in arguments else UNSET,
        now=caller.now,
    )


@mutation.field("deleteScore")
async def resolve_delete_score(_: object, info: Info, **arguments: Any) -> Mapping[str, str]:
    """Deletes a score; the same answer when it is gone already (literal-api.md §5)."""
    caller = info.context
    await caller.store.write(scores.delete_score, caller.project_id, arguments["id"])
    return {"id": required_id(arguments["id"])}


@score_type.field("generationId")
def resolve_generation_id(score: Score, _: Info) -> str | None:
    """The old name of the step's id."""
    return score.step_id


@score_type.field("projectId")
def resolve_project_id(_: Score, info: Info) -> str:
    """The project of the request's key: nobody reads another's."""
    caller = info.context
    return caller.project_id


@score_type.field("step")
async def resolve_step(score: Score, info: Info) -> Step | None:
    """The step that is judged."""
    if isinstance(score, ScoreOfStep):
        return score.step
    caller = info.context
    return await caller.store.read(reads.step, caller.project_id, score.step_id) if score.step_id else None


def _read_page(conn: Database, project_id: str, request: PageRequest, *, count: bool, with_steps: bool) -> Page[Score]:
    page = score_list.scores(conn, project_id, request, count=count)
    if not with_steps:
        return page
    ids = sorted({score.step_id for score in page.rows if score.step_id})
    judged = reads.steps(conn, project_id, PageRequest(first=len(ids), filters=[Filter("id", "in", ids)]), count=False)
    step_of = {step.id: step for step in judged.rows}
    rows: list[Score] = [
        ScoreOfStep(
            **{field.name: getattr(score, field.name) for field in fields(Score)}, step=step_of.get(score.step_id or "")
        )
        for score in page.rows
    ]
    return replace(page, rows=rows)


bindables = (query, mutation, score_type)
