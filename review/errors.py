"""What can go wrong in the review app, in one family.

    ReviewError              500  internal
    ├── Refused              400  refused        the input can't be used; the message says which part and why
    │   └── TooLarge         413  too_large      over a limit; the message names it
    ├── Unauthorized         401  unauthorized   no key, a wrong key or a revoked one
    ├── Forbidden            403  forbidden      a good key or session, but not for this
    ├── NotFound             404  not_found      nothing of that id in this project
    ├── Unavailable          503  unavailable    the database can't be reached or opened
    └── Busy                 503  busy           try again in `retry_after` seconds; nothing was stored

Messages are for the caller: they hold no secret, no SQL and no path. Any other exception is a fault of ours and is
masked at the edge. Each front (GraphQL, JSON, HTML) renders the family once.
"""

from typing import ClassVar


class ReviewError(Exception):
    """An error whose message may be shown to the caller."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(ReviewError):
    """The input can't be used."""

    code = "refused"
    status = 400


class TooLarge(Refused):
    """The input is over a limit, which the message names."""

    code = "too_large"
    status = 413


class Unauthorized(ReviewError):
    """No key, a wrong key, or a revoked one."""

    code = "unauthorized"
    status = 401


class Forbidden(ReviewError):
    """A good key or session, but not for this."""

    code = "forbidden"
    status = 403


class NotFound(ReviewError):
    """Nothing of that id exists in this project."""

    code = "not_found"
    status = 404


class Unavailable(ReviewError):
    """The database can't be reached, or not be opened."""

    code = "unavailable"
    status = 503


class Busy(ReviewError):
    """The server can't take this now and has stored nothing of it.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    code = "busy"
    status = 503

    def __init__(self, message: str, *, retry_after: float = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
