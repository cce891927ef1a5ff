"""`POST /process/`: one turn, answered when it is done. The caller keeps the history and sends it back."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from agent.api.fronts import Fronts, fronts_of
from agent.events import TurnDone
from agent.messages import validate_history
from agent.turn import Turn

router = APIRouter()


class ProcessRequest(BaseModel):
    """A conversation so far, and the thread it belongs to."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "message_history": [
                    {"role": "system", "content": "You are a helpful assistant."},
                    {"role": "user", "content": "what's the weather in sf"},
                ],
                "thread_id": "my-first-thread",
            }
        }
    )

    message_history: list[Any] = Field(description="Chat messages; the last one is the user's")
    thread_id: str = Field(min_length=1, max_length=512, description="Turns of one id land in one thread")
    name: str | None = Field(None, max_length=512, description="The thread's name; default: its first question")
    user_id: str | None = Field(None, max_length=512, description="Who asks; shown as the thread's user")
    tags: list[str] | None = Field(None, max_length=100, description="The thread's tags")
    metadata: dict[str, Any] | None = Field(None, description="The thread's metadata")


class Usage(BaseModel):
    """Tokens of all model calls of the turn."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class ProcessResponse(BaseModel):
    """The conversation with its answer. Send `message_history` plus a user message for the next turn."""

    message_history: list[dict[str, Any]]
    thread_id: str
    finish_reason: str = Field(description="`stop`, or the bound that was hit: `max_iter`, `max_seconds`, …")
    tools_used: list[str] = Field(description="Names of the tools called, in the order of their first call")
    usage: Usage
    review_url: str = Field(description="Where the thread can be read")


@router.post("/process/")
async def process(
    body: ProcessRequest, request: Request, fronts: Annotated[Fronts, Depends(fronts_of)]
) -> ProcessResponse:
    """Answer the last user message, with tools where they help."""
    turn = Turn(
        thread_id=body.thread_id,
        messages=validate_history(body.message_history),
        name=body.name,
        user_id=body.user_id,
        tags=body.tags,
        metadata=body.metadata,
    )
    done = await _last_event(fronts, turn)
    return ProcessResponse(
        message_history=done.messages,
        thread_id=turn.thread_id,
        finish_reason=done.finish,
        tools_used=done.tools_used,
        usage=Usage(
            input_tokens=done.usage.input_tokens,
            output_tokens=done.usage.output_tokens,
            total_tokens=done.usage.total_tokens,
        ),
        review_url=fronts.review_url(request, turn.thread_id),
    )


async def _last_event(fronts: Fronts, turn: Turn) -> TurnDone:
    async for event in fronts.answer(turn):
        if isinstance(event, TurnDone):
            return event
    raise RuntimeError("a turn ended without its last event")
