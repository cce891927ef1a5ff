"""The HTTP side of a conversation: `POST /process/`, and failures told in words."""

import ipaddress
from types import TracebackType
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, Field, ValidationError

CONNECT_SECONDS = 5
ERROR_PAGE_CHARS = 400

JsonObject = dict[str, Any]


class TextPart(BaseModel):
    """A part of a message; parts that are no text have an empty one here."""

    text: str = ""


class Function(BaseModel):
    """Which function a model calls, with arguments as the text it wrote."""

    name: str
    arguments: str = ""


class ToolCall(BaseModel):
    """A call that a model asks for."""

    id: str
    function: Function


class Message(BaseModel):
    """A Chat Completions message, as far as it is shown."""

    role: str
    content: str | list[TextPart] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """Its words."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class Reply(BaseModel):
    """What `POST /process/` answers; a server that sends only the history is understood as well."""

    message_history: Annotated[list[JsonObject], Field(min_length=1)]  # goes back as it came
    messages: list[Message] = Field(validation_alias="message_history")  # the same, to be read
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    review_url: str | None = None


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    title: str
    detail: str | None = None


class UnreachableError(Exception):
    """Nobody answers at this URL. The message is one line."""


class RequestFailedError(Exception):
    """A turn got no answer. The message is for people: what was asked, then the reason, a thought a line."""


class Connection:
    """One HTTP session, used by one conversation; `timeout` is in seconds, for one turn."""

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._timeout = (CONNECT_SECONDS, timeout)
        self._session = requests.Session()
        # A proxy that the environment names can't reach this machine's own loopback address.
        self._session.trust_env = not is_loopback(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def check(self) -> None:
        """Asks whether anybody is there. Any answer will do: other servers may not know /livez.

        Raises:
            UnreachableError: no answer.
        """
        try:
            self._session.get(f"{self._url}/livez", timeout=self._timeout)
        except requests.RequestException as error:
            raise UnreachableError(f"no server at {self._url}: {_innermost(error)}") from None

    def process(self, body: JsonObject) -> Reply:
        """One turn.

        Raises:
            RequestFailedError: no answer, an error, or an answer that is none.
        """
        what = f"POST {self._url}/process/"
        try:
            response = self._session.post(f"{self._url}/process/", json=body, timeout=self._timeout)
        except requests.RequestException as error:
            raise RequestFailedError(f"{what}: {_innermost(error)}") from None
        what += f" answered {response.status_code}"
        if not response.ok:
            raise RequestFailedError(f"{what}\n{_problem(response)}")
        try:
            return Reply.model_validate_json(response.content)
        except ValidationError as error:
            mistake = error.errors()[0]
            where = "".join(f"{step}: " for step in mistake["loc"])
            raise RequestFailedError(f"{what}, but not as agreed\n{where}{mistake['msg']}") from None


def is_loopback(url: str) -> bool:
    r"""Whether this URL's host is the machine itself, for every reader of URLs.

    Browsers take `http://elsewhere\@127.0.0.1` for elsewhere, Python for 127.0.0.1; such a URL is not trusted.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return not {"\\", "@"} & set(parts.netloc) and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _innermost(error: BaseException) -> str:
    """The reason below the wrappings of requests and urllib3, such as "Connection refused"."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return str(getattr(error, "strerror", None) or error)


def _problem(response: requests.Response) -> str:
    """Title and detail of a problem (RFC 9457), or the start of what came in its place."""
    try:
        problem = Problem.model_validate_json(response.content)
        told = [text for text in (problem.title, problem.detail) if text]
    except ValidationError:
        told = [response.text[:ERROR_PAGE_CHARS]]
    if "Retry-After" in response.headers:
        told.append(f"Retry-After: {response.headers['Retry-After']}")
    return "\n".join(told)
