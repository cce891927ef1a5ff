"""Sends records to a Literal API and says what became of them. Nothing else in the program looks at a status code."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx
import orjson

from monitor.documents import body
from monitor.records import Record

CLIENT = ("py-literal-client", "0.1.300")
SLOW_DOWN = 429
NEVER_TRIED_AGAIN = frozenset({400, 413, 422})
MAX_RETRY_AFTER = 3600.0
REASON_CHARS = 300
PASSING_CODES = frozenset(
    {"INTERNAL_SERVER_ERROR", "UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "SERVICE_UNAVAILABLE", "TIMEOUT"}
)


@dataclass(frozen=True, slots=True)
class Sent:
    """The server has them, but for those it refused: position in the batch → its reason."""

    refused: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is known to be stored; the same may work later, not before `after` seconds."""

    reason: str
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request as it is will never be taken."""

    reason: str


Outcome = Sent | Later | Rejected


class Transport:
    """A pooled keep-alive connection to `/api/graphql` of one server, for one project."""

    def __init__(self, url: str, api_key: str, *, timeout: float, via: httpx.BaseTransport | None = None) -> None:
        """`timeout` bounds connecting, sending and waiting for each part of the answer, in seconds; no I/O yet."""
        name, version = CLIENT
        self._url = url.rstrip("/") + "/api/graphql"
        self._http = httpx.Client(
            transport=via,
            timeout=timeout,
            follow_redirects=True,
            trust_env=via is None,
            headers={
                "content-type": "application/json",
                "x-api-key": api_key,
                "x-client-name": name,
                "x-client-version": version,
            },
        )

    def send(self, records: Sequence[Record]) -> Outcome:
        """Send records of one environment in one request. Never raises."""
        try:
            content, aliases = body(records)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, AttributeError) as error:
            return Rejected(f"not JSON: {error}")
        return self._post(content, records[0].environment, aliases)

    def ask(self) -> Outcome:
        """Ask for nothing: whether the server is there and takes the key. Never raises."""
        return self._post(orjson.dumps({"query": "{ __typename }", "variables": {}}), None, [])

    def _post(self, content: bytes, environment: str | None, aliases: Sequence[str]) -> Outcome:
        try:
            response = self._http.post(self._url, content=content, headers=_environment(environment))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return Later(f"{type(error).__name__}: {error}")
        except Exception as error:  # a fault in a transport that was handed to us
            return Later(f"{type(error).__name__} in the transport: {error}")
        return _outcome(response, aliases)

    def close(self) -> None:
        """Close the connections."""
        with suppress(Exception):
            self._http.close()


def _environment(name: str | None) -> dict[str, str] | None:
    """The header that carries the environment; what no header can carry becomes a question mark."""
    return {"x-env": "".join(c if " " <= c <= "~" else "?" for c in name)} if name else None


def _outcome(response: httpx.Response, aliases: Sequence[str]) -> Outcome:
    if response.status_code in NEVER_TRIED_AGAIN:
        return _refusal(response)
    if not response.is_success:
        return Later(f"HTTP {response.status_code}: {_short(response.text)}", _retry_after(response))
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return Later(f"the answer is not JSON: {_short(response.text)}")
    if not isinstance(answer, dict):
        return Later("the answer is not a GraphQL response")
    return _verdicts(cast("dict[str, Any]", answer), aliases)


def _refusal(response: httpx.Response) -> Outcome:
    """A 4xx about the request itself. One whose JSON says that the server is at fault is no refusal."""
    with suppress(orjson.JSONDecodeError, AttributeError):
        if any(_passing(error) for error in _list(orjson.loads(response.content).get("errors"))):
            return Later(_short(response.text))
    return Rejected(f"HTTP {response.status_code}: {_short(response.text)}")


def _verdicts(answer: dict[str, Any], aliases: Sequence[str]) -> Outcome:
    """One verdict per alias: `ok: false`, a null or an error costs that record only."""
    errors = [cast("dict[str, Any]", one) for one in _list(answer.get("errors")) if isinstance(one, dict)]
    data = answer.get("data")
    if any(_passing(error) for error in errors):
        return Later(_message(errors))
    if not isinstance(data, dict) or not data:
        return Rejected(_message(errors)) if errors else Later("the answer has no data")
    said = {str(path[0]): str(error.get("message")) for error in errors if (path := _list(error.get("path")))}
    refused: dict[int, str] = {}
    for position, alias in enumerate(aliases):
        verdict = cast("dict[str, Any]", data).get(alias)
        if not isinstance(verdict, dict):
            refused[position] = _short(said.get(alias) or (_message(errors) if errors else "no verdict"))
        elif cast("dict[str, Any]", verdict).get("ok") is False:
            refused[position] = _short(str(cast("dict[str, Any]", verdict).get("message") or "ok: false"))
    return Sent(refused)


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _passing(error: Any) -> bool:
    """Whether a GraphQL error is about the server's state and not about what was sent."""
    extensions = cast("dict[str, Any]", error).get("extensions") if isinstance(error, dict) else None
    return isinstance(extensions, dict) and cast("dict[str, Any]", extensions).get("code") in PASSING_CODES


def _message(errors: Sequence[Mapping[str, Any]]) -> str:
    return _short("; ".join(str(error.get("message")) for error in errors[:3]))


def _short(text: str) -> str:
    return text if len(text) <= REASON_CHARS else text[:REASON_CHARS] + "…"


def _retry_after(response: httpx.Response) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date; 0 without one."""
    value = response.headers.get("retry-after")
    if not value:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if seconds == seconds else 0.0  # noqa: PLR0124  # NaN
