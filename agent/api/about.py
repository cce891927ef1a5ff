"""`GET /` says what runs here."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from agent.api.fronts import Fronts, fronts_of

router = APIRouter()


class About(BaseModel):
    """What answers here, and where to go next."""

    service: str = "An agent whose every conversation is kept as a thread"
    model: str
    offline_demo: bool = Field(description="The built-in rule-based model answers; set OPENAI_API_KEY for a real one")
    tools: list[str]
    review: str = Field(description="The pages where threads are read")
    api: str = Field(description="Documentation of the HTTP API, to try out")


@router.get("/")
async def about(request: Request, fronts: Annotated[Fronts, Depends(fronts_of)]) -> About:
    """What runs here."""
    return About(
        model=fronts.model,
        offline_demo=fronts.offline_demo,
        tools=fronts.tools,
        review=fronts.review_url(request, None),
        api=str(request.url_for("swagger_ui_html")),
    )
