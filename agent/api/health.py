"""For those who run the server: is it alive, is it ready, and its figures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from agent.api.fronts import Fronts, fronts_of
from agent.api.problems import problem

router = APIRouter()


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process is alive and its event loop turns."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Why it is not ready"}})
async def readyz(request: Request, fronts: Annotated[Fronts, Depends(fronts_of)]) -> Response:
    """The server may be sent requests: what it records is delivered."""
    if reason := fronts.not_ready():
        return problem(request, 503, "delivery_stalled", reason)
    return Response('{"status":"ok"}', media_type="application/json")


@router.get("/metrics", include_in_schema=False)
async def metrics(fronts: Annotated[Fronts, Depends(fronts_of)]) -> Response:
    """Figures in the format of Prometheus."""
    return Response(fronts.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
