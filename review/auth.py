"""Who may write and read: API keys for programs, a signed cookie for people.

An API key is random, so its SHA-256 is enough: nobody guesses it from the hash, and the store never sees the key.
A person signs in with the admin token (printed at start) or the admin password; the cookie that remembers them is
signed, and dies when the token, the password or the session secret changes.
"""

import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION_COOKIE: Final = "review_session"
SESSION_SECONDS: Final = 30 * 24 * 3600
KEY_PREFIX: Final = "lsk_"


def new_api_key() -> str:
    """A fresh project key in the shape the Literal SDKs document: `lsk_` and 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def hash_api_key(key: str) -> str:
    """What the store keeps of a key: its SHA-256 in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


def same_secret(given: str, expected: str) -> bool:
    """Compares in a time that tells nothing about how much of it was right."""
    return hmac.compare_digest(given.encode(), expected.encode())


class SignIn:
    """Lets people in by token or password, and knows them again by a signed cookie."""

    def __init__(self, *, token: str, password: str | None, session_secret: str) -> None:
        self.token = token
        self._password = password
        self._generation = hashlib.sha256(f"{token}\n{password or ''}".encode()).hexdigest()[:16]
        self._sessions = URLSafeTimedSerializer(session_secret, salt="review session")

    @property
    def has_password(self) -> bool:
        """Whether the sign-in page has a password to ask for."""
        return self._password is not None

    def accepts_token(self, given: str) -> bool:
        """Whether this is the admin token."""
        return same_secret(given, self.token)

    def accepts_password(self, given: str) -> bool:
        """Whether this is the admin password; never, when none is set."""
        return self._password is not None and same_secret(given, self._password)

    def knows(self, connection: HTTPConnection) -> bool:
        """Whether the request comes from somebody who signed in within the last 30 days."""
        cookie = connection.cookies.get(SESSION_COOKIE)
        if not cookie:
            return False
        try:
            session = self._sessions.loads(cookie, max_age=SESSION_SECONDS)
        except BadSignature:
            return False
        return isinstance(session, str) and same_secret(session, self._generation)

    def remember(self, connection: HTTPConnection, response: Response) -> None:
        """Signs the person in: sets the cookie for the app's own paths only."""
        response.set_cookie(
            SESSION_COOKIE,
            self._sessions.dumps(self._generation),
            max_age=SESSION_SECONDS,
            path=_cookie_path(connection),
            secure=connection.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def forget(self, connection: HTTPConnection, response: Response) -> None:
        """Signs the person out."""
        response.delete_cookie(SESSION_COOKIE, path=_cookie_path(connection), httponly=True, samesite="lax")


def is_same_origin(connection: HTTPConnection) -> bool:
    """Whether a form was posted by a page of ours, told by what browsers say and scripts can't forge.

    `Sec-Fetch-Site` decides where it is sent, `Origin` against `Host` elsewhere. Neither header means that no browser
    is involved (curl, a test), so no cookie was sent against its owner's will.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


def _cookie_path(connection: HTTPConnection) -> str:
    return connection.scope.get("root_path") or "/"
